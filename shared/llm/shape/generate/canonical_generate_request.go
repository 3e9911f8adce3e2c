package generate

import (
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// WriteRequest implements canonical.Protocol. A request that was read from
// Google's own protocol comes out as it was; others are brought into the order
// that Gemini wants: see arrange.
func (protocol) WriteRequest(r *canonical.Request, o *canonical.Options) ([]byte, error) {
	if o == nil {
		o = &canonical.Options{}
	}
	w := &requestWriter{r: r, o: o, native: r.Origin == canonical.Generate}
	w.open('{')
	for _, write := range []func() error{w.contents, w.tools, w.choice, w.config} {
		if err := write(); err != nil {
			return nil, err
		}
	}
	if w.native {
		w.members(r.Extra, "systemInstruction", "tools", "toolConfig", "generationConfig")
	}
	w.close('}')
	return w.b, nil
}

// requestWriter writes one request.
type requestWriter struct {
	output
	r      *canonical.Request
	o      *canonical.Options
	native bool // Extra is Google's
	dry    bool // no calls were written yet in this turn
}

func (w *requestWriter) contents() error {
	if w.native {
		return w.nativeContents()
	}
	system, turns, err := arrange(w.r)
	if err != nil {
		return err
	}
	if a := &w.o.Ability; a.Known && !a.Prefill && turns[len(turns)-1].role == "model" {
		return dcoder.Invalid(named(w.r, "messages"), "the model %s does not go on with a turn of its own: the last message must be the user's", w.o.Model)
	}
	if err := w.instruction(system); err != nil {
		return err
	}
	w.key("contents")
	w.open('[')
	for _, t := range turns {
		w.open('{')
		w.member("role", t.role)
		if err := w.parts(t.blocks, t.role == "model"); err != nil {
			return err
		}
		w.close('}')
	}
	w.close(']')
	return nil
}

// instruction writes the system's text; the role is what Google's own clients
// send.
func (w *requestWriter) instruction(system []canonical.Block) error {
	if len(system) == 0 {
		return nil
	}
	w.key("systemInstruction")
	w.open('{')
	w.member("role", "user")
	if err := w.parts(system, false); err != nil {
		return err
	}
	w.close('}')
	return nil
}

func (w *requestWriter) nativeContents() error {
	if w.r.System != nil || w.r.Extra["systemInstruction"] != nil {
		w.key("systemInstruction")
		w.open('{')
		if err := w.parts(w.r.System, false); err != nil {
			return err
		}
		w.members(kept(w.r.Extra, "systemInstruction"))
		w.close('}')
	}
	w.key("contents")
	w.open('[')
	for i := range w.r.Messages {
		if err := w.nativeContent(&w.r.Messages[i]); err != nil {
			return err
		}
	}
	w.close(']')
	return nil
}

func (w *requestWriter) nativeContent(m *canonical.Message) error {
	w.open('{')
	if role, ok := m.Extra["role"]; !ok {
		w.member("role", writtenRole(m.Role))
	} else if string(role) != "null" {
		w.key("role")
		w.raw(role)
	}
	if err := w.parts(m.Blocks, false); err != nil {
		return err
	}
	w.members(m.Extra, "role")
	w.close('}')
	return nil
}
