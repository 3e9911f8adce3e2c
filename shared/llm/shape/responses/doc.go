// Package responses translates OpenAI's Responses API (POST /v1/responses) to the
// canonical form of a call and from it: requests, whole answers, streams and
// errors. Every item of the input is one canonical message, so that reading a
// request and writing it again loses nothing; what other protocols cannot say (the
// provider's own tools, references to stored items) is an Opaque block.
//
// It keeps no answers: what previous_response_id and store mean is decided by
// function chat. Source: OpenAI's API reference, "Responses" and "Streaming
// events", and recorded traffic.
package responses

import (
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// Protocol is the Responses API.
var Protocol canonical.Protocol = protocol{}

type protocol struct{}

// Shape implements canonical.Protocol.
func (protocol) Shape() canonical.Shape { return canonical.Responses }

// Words of the protocol that stand in several places.
const (
	itemMessage    = "message"
	itemReasoning  = "reasoning"
	itemCall       = "function_call"
	itemOutput     = "function_call_output"
	itemCustom     = "custom_tool_call"
	itemCustomOut  = "custom_tool_call_output"
	partInput      = "input_text"
	partOutput     = "output_text"
	partRefusal    = "refusal"
	partImage      = "input_image"
	partFile       = "input_file"
	partAudio      = "input_audio"
	partSummary    = "summary_text"
	partReasoning  = "reasoning_text"
	statusRunning  = "in_progress"
	statusWhole    = "completed"
	statusPartial  = "incomplete"
	statusFailed   = "failed"
	reasonLength   = "max_output_tokens"
	reasonFilter   = "content_filter"
	fieldEncrypted = "encrypted_content"
)
