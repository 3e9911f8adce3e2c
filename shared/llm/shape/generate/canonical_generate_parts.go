package generate

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// SkipSignature stands where a call of another model's history has no signature;
// models that insist on one take it. Source: ai.google.dev/gemini-api/docs/thought-signatures.
const SkipSignature = "skip_thought_signature_validator"

// parts writes blocks; of the turns of a model the first call must be signed.
func (w *requestWriter) parts(blocks []canonical.Block, model bool) error {
	w.key("parts")
	w.open('[')
	w.dry = model
	for i := range blocks {
		if err := w.part(&blocks[i]); err != nil {
			return err
		}
	}
	w.close(']')
	return nil
}

// part writes a block. What Gemini has no word for is left out: the reasoning of
// other models, and blocks that only their own protocol knows.
func (w *requestWriter) part(b *canonical.Block) error {
	switch b.Kind {
	case canonical.Text, canonical.Refusal:
		return w.text(b)
	case canonical.Thinking:
		if w.native {
			w.open('{')
			w.member("text", b.Text)
			w.key("thought")
			w.bool(true)
			w.partEnd(b)
		}
	case canonical.ToolUse:
		return w.call(b)
	case canonical.ToolResult:
		w.result(b)
	case canonical.Image, canonical.Document, canonical.Audio:
		return w.media(b)
	case canonical.Opaque:
		if w.native {
			w.open('{')
			w.partEnd(b)
		}
	case canonical.Redacted:
	}
	return nil
}

// notBeside are the members of Extra that do not stand beside a part's content.
var notBeside = append([]string{madeMark}, partNames...)

// partEnd writes what may stand beside any content of a part.
func (w *requestWriter) partEnd(b *canonical.Block) {
	if s := w.signature(b.Signature); s != "" {
		w.member("thoughtSignature", s)
	}
	if w.native {
		w.members(b.Extra, notBeside...)
	}
	w.close('}')
}

// signature returns a signature as Google takes it, base64 of either alphabet;
// what is neither was made by somebody else and would be refused.
func (w *requestWriter) signature(s string) string {
	if w.native || s == "" {
		return s
	}
	bare := strings.TrimRight(s, "=")
	if _, err := base64.RawStdEncoding.DecodeString(bare); err == nil {
		return s
	}
	if _, err := base64.RawURLEncoding.DecodeString(bare); err == nil {
		return s
	}
	return ""
}

func (w *requestWriter) text(b *canonical.Block) error {
	if b.Text == "" && b.Signature == "" && !w.native {
		return nil // refused, and says nothing
	}
	w.open('{')
	w.member("text", b.Text)
	w.partEnd(b)
	return nil
}

func (w *requestWriter) call(b *canonical.Block) error {
	c := b.Call
	w.open('{')
	w.key("functionCall")
	w.open('{')
	if c.ID != "" && w.ids() && !isMade(b) {
		w.member("id", c.ID)
	}
	w.member("name", c.Name)
	switch {
	case len(c.Arguments) > 0 && !c.Custom:
		if !isObject(c.Arguments) && !w.native {
			return dcoder.Invalid(named(w.r, "messages"), "the arguments of the call %q of %s are no JSON object", c.ID, c.Name)
		}
		w.key("args")
		w.raw(c.Arguments)
	case c.Custom:
		w.key("args")
		w.value(map[string]json.RawMessage{"input": c.Arguments})
	case !w.native:
		w.key("args")
		w.raw([]byte("{}"))
	}
	w.inside(b, "functionCall")
	w.close('}')
	if w.dry && w.o.Ability.SignedCalls && w.signature(b.Signature) == "" {
		w.member("thoughtSignature", SkipSignature)
		w.close('}')
	} else {
		w.partEnd(b)
	}
	w.dry = false
	return nil
}

func isObject(raw json.RawMessage) bool {
	s := strings.TrimLeft(string(raw), " \t\r\n")
	return strings.HasPrefix(s, "{") && json.Valid(raw)
}

// ids reports whether calls and results carry ids: Vertex AI refuses them.
func (w *requestWriter) ids() bool { return !w.o.Ability.Known || w.o.Ability.CallIDs }

// inside writes the unknown members of a part's content.
func (w *requestWriter) inside(b *canonical.Block, name string) {
	if w.native {
		w.members(kept(b.Extra, name))
	}
}

// result writes what a tool gave. It is always wrapped as a text: an object of
// the tool's own could hold a "$ref", which Gemini takes for a reference to
// another part, and a bare text or list is refused.
func (w *requestWriter) result(b *canonical.Block) {
	r := b.Result
	w.open('{')
	w.key("functionResponse")
	w.open('{')
	if r.ID != "" && w.ids() && !isMade(b) {
		w.member("id", r.ID)
	}
	w.member("name", r.Name)
	switch {
	case w.native && len(r.Raw) > 0:
		w.key("response")
		w.raw(r.Raw)
	case !w.native:
		member := "result"
		if r.Failed != nil && *r.Failed {
			member = "error"
		}
		w.key("response")
		w.open('{')
		w.member(member, textOf(r.Blocks))
		w.close('}')
	}
	w.inside(b, "functionResponse")
	w.close('}')
	w.partEnd(b)
}

func textOf(blocks []canonical.Block) string {
	var texts []string
	for i := range blocks {
		switch b := &blocks[i]; {
		case b.Kind == canonical.Text || b.Kind == canonical.Refusal:
			texts = append(texts, b.Text)
		case b.Media != nil && b.Media.Text != "":
			texts = append(texts, b.Media.Text)
		}
	}
	return strings.Join(texts, "\n")
}
