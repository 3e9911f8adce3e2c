package chat

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/function"
)

// ResponseRequest is the part of OpenAI's Responses request that the gateway
// acts on. conversation, background and prompt are refused by name.
type ResponseRequest struct {
	Model              string `json:"model" doc:"an alias, llm.{provider}.{model}, {provider}/{model} or a model's own id"`
	Input              any    `json:"input" doc:"a text, or a list of items"`
	Stream             bool   `json:"stream,omitempty"`
	MaxOutputTokens    int64  `json:"max_output_tokens,omitempty"`
	Store              *bool  `json:"store,omitempty" doc:"keep the turn, sealed, in the tenant's database; default true"`
	PreviousResponseID string `json:"previous_response_id,omitempty" doc:"the kept answer that this call continues"`
}

// Response is the part of a response object that the gateway reads or writes.
type Response struct {
	ID                 string           `json:"id"`
	Object             string           `json:"object"`
	CreatedAt          int64            `json:"created_at"`
	Status             string           `json:"status"`
	Model              string           `json:"model"`
	Output             []map[string]any `json:"output"`
	Store              bool             `json:"store"`
	PreviousResponseID *string          `json:"previous_response_id"`
	Usage              map[string]any   `json:"usage,omitempty"`
}

// ResponseEvent is one event of a streamed response.
type ResponseEvent struct {
	Type           string    `json:"type"`
	SequenceNumber int64     `json:"sequence_number"`
	Response       *Response `json:"response,omitempty"`
}

// DeletedResponse says that a kept answer is gone.
type DeletedResponse struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

// ItemList is a page of items.
type ItemList struct {
	Object  string            `json:"object"`
	Data    []json.RawMessage `json:"data"`
	FirstID string            `json:"first_id"`
	LastID  string            `json:"last_id"`
	HasMore bool              `json:"has_more"`
}

var (
	responseSchema = function.Schema{Summary: "Response, whole or streamed", Request: ResponseRequest{}, Response: Response{}, Streams: ResponseEvent{}}
	storedSchema   = function.Schema{Summary: "A response that was kept", Response: Response{}}
	deletedSchema  = function.Schema{Summary: "Delete a response that was kept", Response: DeletedResponse{}}
	itemsSchema    = function.Schema{Summary: "What a response was made from", Response: ItemList{}}
)
