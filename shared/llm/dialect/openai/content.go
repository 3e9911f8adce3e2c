package openai

import (
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/token"
)

var (
	choiceFields = jsonscan.NewNames("delta", "text", "finish_reason")
	deltaFields  = jsonscan.NewNames("content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call", "audio")
)

// content counts what a chunk carries of the answer, and says whether that is
// something a client waits for: text, tool calls, or a choice's end.
func content(doc *jsonscan.Doc) (tokens int64, some bool) {
	for e := doc.Elements(doc.Fields[fieldChoices]); ; {
		v, ok := e.Next()
		if !ok {
			return tokens, some
		}
		if v.Kind != jsonscan.Object {
			continue
		}
		n, has := choice(doc, v)
		tokens, some = tokens+n, some || has
	}
}

func choice(doc *jsonscan.Doc, v jsonscan.Value) (tokens int64, some bool) {
	var c, delta jsonscan.Doc
	if doc.Sub(v, choiceFields, &c) != nil {
		return 0, false
	}
	some = c.Fields[2].Present()
	if text := c.Fields[1]; !c.Empty(text) {
		return token.Delta(text.End - text.Start - 2), true
	}
	if c.Fields[0].Kind != jsonscan.Object || c.Sub(c.Fields[0], deltaFields, &delta) != nil {
		return 0, some
	}
	for _, f := range delta.Fields {
		if delta.Empty(f) {
			continue
		}
		some = true
		tokens += token.Delta(weight(&delta, f))
	}
	return tokens, some
}

// weight is the length of what the provider generated: a text between its
// quotes, of a tool call the strings that are not its frame.
func weight(d *jsonscan.Doc, v jsonscan.Value) int {
	if v.Kind == jsonscan.String {
		return v.End - v.Start - 2
	}
	return toolWeight(d, v)
}

var (
	callFields     = jsonscan.NewNames("function")
	functionFields = jsonscan.NewNames("name", "arguments")
)

// toolWeight adds up names and arguments of tool calls.
func toolWeight(d *jsonscan.Doc, v jsonscan.Value) (n int) {
	if v.Kind == jsonscan.Object { // the older function_call
		return functionWeight(d, v)
	}
	for e := d.Elements(v); ; {
		call, ok := e.Next()
		if !ok {
			return n
		}
		var c jsonscan.Doc
		if call.Kind == jsonscan.Object && d.Sub(call, callFields, &c) == nil && c.Fields[0].Kind == jsonscan.Object {
			n += functionWeight(&c, c.Fields[0])
		}
	}
}

func functionWeight(d *jsonscan.Doc, v jsonscan.Value) (n int) {
	var f jsonscan.Doc
	if d.Sub(v, functionFields, &f) != nil {
		return 0
	}
	for _, field := range f.Fields[:2] {
		if !f.Empty(field) {
			n += field.End - field.Start - 2
		}
	}
	return n
}
