package embed

import "github.com/d-coder-ai/dcoder/shared/function"

// Request is the part of OpenAI's embedding request that the gateway acts on;
// other fields pass through.
type Request struct {
	Model          string `json:"model" doc:"an alias, llm.{provider}.{model}, {provider}/{model} or a model's own id"`
	Input          any    `json:"input" doc:"a text, a list of texts, or of token numbers"`
	EncodingFormat string `json:"encoding_format,omitempty" enum:"float,base64"`
	Dimensions     int64  `json:"dimensions,omitempty"`
}

// Answer is OpenAI's embedding answer.
type Answer struct {
	Object string           `json:"object"`
	Data   []map[string]any `json:"data"`
	Model  string           `json:"model"`
	Usage  map[string]any   `json:"usage"`
}

var schema = function.Schema{Summary: "Embeddings", Request: Request{}, Response: Answer{}}
