package openai

import (
	"bytes"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

var (
	theirName = []byte(`"reasoning"`)
	ourName   = []byte(`"reasoning_content"`)

	answerNames = jsonscan.NewNames("delta", "message")
	spokenNames = jsonscan.NewNames("reasoning", "reasoning_content")
)

// reasoningKeys finds where the key of reasoning stands, in each choice that
// has it, and calls f in the order of the document.
func reasoningKeys(doc *jsonscan.Doc, f func(at int)) {
	for e := doc.Elements(doc.Fields[fieldChoices]); ; {
		v, ok := e.Next()
		if !ok {
			return
		}
		if v.Kind != jsonscan.Object {
			continue
		}
		if at := reasoningKey(doc, v); at >= 0 {
			f(at)
		}
	}
}

func reasoningKey(doc *jsonscan.Doc, v jsonscan.Value) int {
	var c, m jsonscan.Doc
	if doc.Sub(v, answerNames, &c) != nil {
		return -1
	}
	spoken := c.Fields[0]
	if spoken.Kind != jsonscan.Object {
		spoken = c.Fields[1]
	}
	if spoken.Kind != jsonscan.Object || c.Sub(spoken, spokenNames, &m) != nil || m.Fields[0].Kind != jsonscan.String || m.Fields[1].Present() {
		return -1
	}
	value := v.Start + spoken.Start + m.Fields[0].Start
	return bytes.LastIndex(doc.Raw[:value], theirName)
}

// renamed is a chunk with its reasoning under the name that clients know; raw
// when it has none.
func (s *stream) renamed(doc *jsonscan.Doc, raw []byte) []byte {
	if !bytes.Contains(doc.Raw, theirName) {
		return raw
	}
	out, from := append(s.bytes[:0], "data: "...), 0
	reasoningKeys(doc, func(at int) {
		out = append(append(out, doc.Raw[from:at]...), ourName...)
		from = at + len(theirName)
	})
	if from == 0 {
		return raw
	}
	s.bytes = append(append(out, doc.Raw[from:]...), '\n', '\n')
	return s.bytes
}

// renameWhole does the same to a whole answer, in place.
func renameWhole(doc *jsonscan.Doc, body *llm.Buffer) {
	if !bytes.Contains(doc.Raw, theirName) {
		return
	}
	var keys []int
	reasoningKeys(doc, func(at int) { keys = append(keys, at) })
	for i := len(keys) - 1; i >= 0; i-- {
		at, grow := keys[i], len(ourName)-len(theirName)
		body.B = append(body.B, ourName[:grow]...) // room, overwritten below
		copy(body.B[at+len(ourName):], body.B[at+len(theirName):len(body.B)-grow])
		copy(body.B[at:], ourName)
	}
}
