// Package messages translates Anthropic's Messages API (version 2023-06-01, as
// documented in November 2026, "Create a Message" and "Streaming Messages") to the
// canonical form and from it: requests, whole answers, streams and errors. Claude
// on Google's and Amazon's clouds speaks the same bodies. It is no client: what a
// model can do is handed in, and nothing here does I/O.
package messages

import "github.com/d-coder-ai/dcoder/shared/llm/canonical"

// Protocol is Anthropic's Messages API.
var Protocol canonical.Protocol = protocol{}

type protocol struct{}

// Shape implements canonical.Protocol.
func (protocol) Shape() canonical.Shape { return canonical.Messages }

// FormTool is the name of the tool through which an answer of a form is asked of
// a model that has no structured output. Its call is the answer's text, whoever
// reads it; no other tool may have the name.
const FormTool = "dcoder_answer_in_form"
