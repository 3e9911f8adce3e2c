package chat

import "github.com/d-coder-ai/dcoder/shared/function"

// The types below document the routes; bodies are forwarded and not decoded, so
// fields that are not named here reach the provider as well.

// ChatRequest is the part of OpenAI's chat completion request that the gateway
// acts on.
type ChatRequest struct {
	Model               string           `json:"model" doc:"an alias, llm.{provider}.{model}, {provider}/{model} or a model's own id"`
	Messages            []map[string]any `json:"messages"`
	Stream              bool             `json:"stream,omitempty"`
	StreamOptions       *StreamOptions   `json:"stream_options,omitempty"`
	MaxTokens           int64            `json:"max_tokens,omitempty"`
	MaxCompletionTokens int64            `json:"max_completion_tokens,omitempty"`
	N                   int64            `json:"n,omitempty"`
}

// StreamOptions asks for usage at the end of a stream.
type StreamOptions struct {
	IncludeUsage bool `json:"include_usage,omitempty"`
}

// CompletionRequest is the part of OpenAI's completion request that the gateway
// acts on.
type CompletionRequest struct {
	Model         string         `json:"model"`
	Prompt        any            `json:"prompt"`
	Stream        bool           `json:"stream,omitempty"`
	StreamOptions *StreamOptions `json:"stream_options,omitempty"`
	MaxTokens     int64          `json:"max_tokens,omitempty"`
	N             int64          `json:"n,omitempty"`
}

// Answer is the part of OpenAI's answers that the gateway reads.
type Answer struct {
	ID      string           `json:"id"`
	Object  string           `json:"object"`
	Created int64            `json:"created"`
	Model   string           `json:"model"`
	Choices []map[string]any `json:"choices"`
	Usage   map[string]any   `json:"usage,omitempty"`
}

// ModelList is OpenAI's list of models.
type ModelList struct {
	Object string  `json:"object"`
	Data   []Model `json:"data"`
}

// Model is one name that a key may use.
type Model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

var (
	chatSchema       = function.Schema{Summary: "Chat completion, whole or streamed", Request: ChatRequest{}, Response: Answer{}, Streams: Answer{}}
	completionSchema = function.Schema{Summary: "Completion, whole or streamed", Request: CompletionRequest{}, Response: Answer{}, Streams: Answer{}}
	modelsSchema     = function.Schema{Summary: "Models that the key may use", Response: ModelList{}}
	modelSchema      = function.Schema{Summary: "One model that the key may use", Response: Model{}}
)
