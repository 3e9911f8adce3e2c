package messages

import (
	"bytes"
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// WriteReply implements canonical.Protocol. The API has one answer to a call: of
// several the first is written.
func (protocol) WriteReply(a *canonical.Reply, r *canonical.Request) ([]byte, error) {
	w := &answerWriter{own: a.Origin == canonical.Messages}
	w.b = make([]byte, 0, 2<<10)
	var c canonical.Answer
	if len(a.Choices) > 0 {
		c = a.Choices[0]
	}
	w.open('{')
	w.head(a.ID, firstOf(a.Model, r.Model))
	w.key("content")
	w.open('[')
	for i := range c.Blocks {
		w.block(&c.Blocks[i])
	}
	w.close(']')
	w.ending(c.Stop, c.Native, c.Sequence)
	w.key("usage")
	w.usage(&a.Usage, w.own)
	if w.own {
		w.extra(c.Extra)
	}
	w.close('}')
	return w.b, nil
}

// answerWriter writes answers, whole or in pieces.
type answerWriter struct {
	output
	own   bool
	calls bool // a tool is wanted
}

// head writes what every message begins with.
func (w *answerWriter) head(id, model string) {
	if id == "" {
		id = "msg_" + dcoder.NewID()
	}
	w.member("id", id)
	w.member("type", "message")
	w.member("role", "assistant")
	w.member("model", model)
}

// ending writes why the message ended.
func (w *answerWriter) ending(s canonical.Stop, native, sequence string) {
	w.member("stop_reason", reasonOf(s, native, w.calls))
	w.key("stop_sequence")
	if s == canonical.StopSequence && sequence != "" {
		w.str(sequence)
	} else {
		w.raw([]byte("null"))
	}
}

// block writes a block of an answer. Text that says nothing is left out, and so
// is what no message has: sounds and pictures.
func (w *answerWriter) block(b *canonical.Block) {
	if !shows(b, w.own) {
		return
	}
	w.open('{')
	switch b.Kind {
	case canonical.Text, canonical.Refusal:
		w.member("type", "text")
		w.member("text", b.Text)
	case canonical.Thinking:
		w.member("type", "thinking")
		w.member("thinking", b.Text)
		w.member("signature", b.Signature)
	case canonical.Redacted:
		w.member("type", "redacted_thinking")
		w.member("data", b.Signature)
	case canonical.ToolUse:
		w.call(b)
		w.key("input")
		w.raw(input(b.Call.Arguments))
	}
	if w.own {
		w.extra(b.Extra)
	}
	w.close('}')
}

func shows(b *canonical.Block, own bool) bool {
	switch b.Kind {
	case canonical.Text, canonical.Refusal:
		return b.Text != "" || own
	case canonical.Thinking, canonical.Redacted, canonical.ToolUse:
		return true
	case canonical.Opaque:
		return own
	}
	return false
}

// call writes a call but for its input. Its id carries what the call's provider
// must get back.
func (w *answerWriter) call(b *canonical.Block) {
	w.calls = true
	w.member("type", "tool_use")
	w.member("id", callid.Pack(b.Call.ID, b.Signature))
	w.member("name", b.Call.Name)
}

// input is a call's arguments as an object. A model may write what is none; it
// is then wrapped as Anthropic's documentation of fine-grained tool streaming
// does it.
func input(arguments json.RawMessage) []byte {
	raw := bytes.TrimSpace(arguments)
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return []byte("{}")
	}
	if raw[0] == '{' && json.Valid(raw) {
		return raw
	}
	w := output{}
	w.open('{')
	w.member("INVALID_JSON", string(raw))
	w.close('}')
	return w.b
}
