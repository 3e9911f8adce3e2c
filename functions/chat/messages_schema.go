package chat

import "github.com/d-coder-ai/dcoder/shared/function"

// MessageRequest is the part of Anthropic's message request that the gateway
// acts on.
type MessageRequest struct {
	Model     string           `json:"model" doc:"an alias, llm.{provider}.{model}, {provider}/{model} or a model's own id"`
	MaxTokens int64            `json:"max_tokens"`
	Messages  []map[string]any `json:"messages"`
	System    any              `json:"system,omitempty"`
	Tools     []map[string]any `json:"tools,omitempty"`
	Stream    bool             `json:"stream,omitempty"`
}

// MessageAnswer is the part of Anthropic's message that the gateway reads.
type MessageAnswer struct {
	ID           string           `json:"id"`
	Type         string           `json:"type" enum:"message"`
	Role         string           `json:"role" enum:"assistant"`
	Model        string           `json:"model"`
	Content      []map[string]any `json:"content"`
	StopReason   string           `json:"stop_reason"`
	StopSequence *string          `json:"stop_sequence"`
	Usage        map[string]any   `json:"usage"`
}

// MessageEvent is one event of a streamed message.
type MessageEvent struct {
	Type string `json:"type" doc:"message_start, content_block_start, content_block_delta, content_block_stop, message_delta, message_stop, ping or error"`
}

// CountRequest is a message request whose tokens are to be counted.
type CountRequest struct {
	Model    string           `json:"model"`
	Messages []map[string]any `json:"messages"`
	System   any              `json:"system,omitempty"`
	Tools    []map[string]any `json:"tools,omitempty"`
}

// CountAnswer is how many tokens a request is.
type CountAnswer struct {
	InputTokens int64 `json:"input_tokens"`
}

var (
	messageSchema = function.Schema{Summary: "Anthropic-shaped message, whole or streamed", Request: MessageRequest{}, Response: MessageAnswer{}, Streams: MessageEvent{}}
	countSchema   = function.Schema{Summary: "Tokens of an Anthropic-shaped message; X-Dcoder-Token-Count says whose count it is", Request: CountRequest{}, Response: CountAnswer{}}
)
