// Package chat translates OpenAI's chat completions, which Groq and many others
// speak too, to the canonical form and from it: requests, answers, streams and
// errors. It does no I/O and knows no provider; what a model cannot do comes in
// as an Ability.
//
// Reasoning is told as reasoning_content. What a provider must get back with it
// (signatures) rides in the ids of tool calls, see package callid, so that a
// client that echoes nothing but role, content and tool_calls keeps it; clients
// that echo what they do not know find it in thinking_blocks and in
// extra_content.google.thought_signature as well.
package chat

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// Protocol is chat completions.
var Protocol canonical.Protocol = protocol{}

type protocol struct{}

// Shape implements canonical.Protocol.
func (protocol) Shape() canonical.Shape { return canonical.Chat }

// ReadRequest implements canonical.Protocol.
func (protocol) ReadRequest(body []byte) (*canonical.Request, error) { return readRequest(body) }

// WriteRequest implements canonical.Protocol.
func (protocol) WriteRequest(r *canonical.Request, o *canonical.Options) ([]byte, error) {
	return writeRequest(r, o)
}

// ReadReply implements canonical.Protocol.
func (protocol) ReadReply(body []byte) (*canonical.Reply, error) { return readReply(body) }

// WriteReply implements canonical.Protocol.
func (protocol) WriteReply(a *canonical.Reply, r *canonical.Request) ([]byte, error) {
	return writeReply(a, r), nil
}

// NewReader implements canonical.Protocol.
func (protocol) NewReader() canonical.Reader { return &streamReader{} }

// NewWriter implements canonical.Protocol.
func (protocol) NewWriter(r *canonical.Request) canonical.Writer { return newStreamWriter(r) }

// ReadError implements canonical.Protocol.
func (protocol) ReadError(status int, body []byte) (canonical.Problem, bool) {
	return readError(status, body)
}

var noNames = jsonscan.NewNames()

// scan checks that body is one JSON object within limits.
func scan(body []byte) error {
	var doc jsonscan.Doc
	return noNames.Scan(body, jsonscan.Limits{}, &doc)
}

var null = json.RawMessage("null")
