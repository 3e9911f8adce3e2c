package messages

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// ReadReply implements canonical.Protocol.
func (protocol) ReadReply(body []byte) (*canonical.Reply, error) {
	if !json.Valid(body) {
		return nil, dcoder.Invalid("body", "the answer is not JSON")
	}
	var err error
	f := object(body, "", &err)
	if kind := f.str("type"); kind != "message" {
		f.fail("type", `is not "message"`)
	}
	f.str("role")
	a := &canonical.Reply{Origin: canonical.Messages, ID: f.str("id"), Model: f.str("model")}
	answer := canonical.Answer{}
	answer.Blocks, _ = readContent(f.take("content"), "content", &err)
	answer.Native, answer.Sequence = f.word("stop_reason"), f.word("stop_sequence")
	answer.Stop = stopOf(answer.Native)
	f.takeNull("stop_sequence")
	f.takeNull("stop_reason")
	if raw := f.object("usage"); raw != nil {
		var u usage
		u.merge(raw)
		a.Usage = u.canonical()
	}
	inForm(&answer)
	answer.Extra = f.rest()
	a.Choices = []canonical.Answer{answer}
	if err != nil {
		return nil, err
	}
	return own(a), nil
}

// inForm makes an answer of a form that came through FormTool the text that was
// asked for.
func inForm(a *canonical.Answer) {
	formed, others := false, false
	for i := range a.Blocks {
		b := &a.Blocks[i]
		switch {
		case b.Kind != canonical.ToolUse:
		case b.Call.Name == FormTool:
			formed = true
			*b = canonical.Block{Kind: canonical.Text, Text: string(b.Call.Arguments)}
		default:
			others = true
		}
	}
	if a.Stop == canonical.StopTools && formed && !others {
		a.Stop = canonical.StopEnd
	}
}

// own copies what is kept of the body, which the caller may use again.
func own(a *canonical.Reply) *canonical.Reply {
	c := &a.Choices[0]
	for i := range c.Blocks {
		b := &c.Blocks[i]
		ownExtra(b.Extra)
		if b.Call != nil {
			b.Call.Arguments = append(json.RawMessage(nil), b.Call.Arguments...)
		}
	}
	ownExtra(c.Extra)
	return a
}

func ownExtra(e canonical.Extra) {
	for name, raw := range e {
		e[name] = append(json.RawMessage(nil), raw...)
	}
}
