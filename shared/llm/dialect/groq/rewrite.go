package groq

import (
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/openai"
)

// Positions in a scanned request.
const (
	fieldMessages = iota
	fieldTools
	fieldFormat
	fieldReasoningFormat
	fieldIncludeReasoning
	fieldFirstRefused // from here on Groq refuses what is there
)

var (
	fields = jsonscan.NewNames("messages", "tools", "response_format", "reasoning_format", "include_reasoning",
		"logprobs", "top_logprobs", "logit_bias", "reasoning", "thinking", "functions", "function_call")
	messageFields = jsonscan.NewNames("name", "reasoning", "reasoning_content", "reasoning_details", "thinking_blocks", "extra_content",
		"cache_control", "annotations")
	formatFields = jsonscan.NewNames("type")
)

const parsed = `"reasoning_format":"parsed"`

// rewrite looks over a chat completion without decoding it. Most pass as they
// are; one whose reasoning would stand in the answer asks for it apart; what Groq
// would refuse is left to the translation, which drops or names it.
func rewrite(req *llm.Request, c *llm.Candidate) (out openai.Rewrite) {
	var doc jsonscan.Doc
	if fields.Scan(req.Doc.Raw, jsonscan.Limits{}, &doc) != nil {
		return out // the parser has refused it before
	}
	m := find(c.Model)
	if req.Choices > 1 || refuses(&doc) || formatRefused(&doc, m) || messagesRefused(&doc) {
		out.Translate = true
		return out
	}
	if m.parses && !doc.Fields[fieldReasoningFormat].Present() && !doc.Fields[fieldIncludeReasoning].Present() {
		out.Member = parsed
	}
	return out
}

func refuses(doc *jsonscan.Doc) bool {
	for _, v := range doc.Fields[fieldFirstRefused:] {
		if v.Present() {
			return true
		}
	}
	return false
}

func formatRefused(doc *jsonscan.Doc, m *model) bool {
	v := doc.Fields[fieldFormat]
	var f jsonscan.Doc
	if v.Kind != jsonscan.Object || doc.Sub(v, formatFields, &f) != nil {
		return false
	}
	way, _ := f.Str(f.Fields[0])
	return way == "json_schema" && (!m.can.Schema || doc.Fields[fieldTools].Present())
}

// messagesRefused looks for what Groq does not take of a message: names, and
// reasoning of the past.
func messagesRefused(doc *jsonscan.Doc) bool {
	for e := doc.Elements(doc.Fields[fieldMessages]); ; {
		v, ok := e.Next()
		if !ok {
			return false
		}
		var m jsonscan.Doc
		if v.Kind != jsonscan.Object || doc.Sub(v, messageFields, &m) != nil {
			continue
		}
		for i := range m.Fields {
			if m.Fields[i].Kind != jsonscan.None {
				return true
			}
		}
	}
}
