package groq

import (
	"slices"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// protocol is chat completions as Groq takes them.
type protocol struct{ canonical.Protocol }

// WriteRequest implements canonical.Protocol.
func (p protocol) WriteRequest(r *canonical.Request, o *canonical.Options) ([]byte, error) {
	m, out := find(o.Model), *r
	if err := nameless(&out, o); err != nil {
		return nil, err
	}
	downgrade(&out, m)
	if m.switches {
		onOrOff(&out)
	}
	body, err := p.Protocol.WriteRequest(&out, o)
	if err != nil || !m.parses || out.Origin == canonical.Chat && (r.Extra["reasoning_format"] != nil || r.Extra["include_reasoning"] != nil) {
		return body, err
	}
	return append([]byte("{"+parsed+","), body[1:]...), nil
}

// nameless takes the names off messages: one who speaks is a parameter that Groq
// does not know, that of a tool is told by its call.
func nameless(r *canonical.Request, o *canonical.Options) error {
	own := false
	for i := range r.Messages {
		m := &r.Messages[i]
		if m.Name == "" {
			continue
		}
		if name := "messages[" + strconv.Itoa(i) + "].name"; m.Role != canonical.ToolRole && !o.Drop(name) {
			return dcoder.Invalid(name, "the model %s cannot take %s: Groq knows no names of who speaks", o.Model, name)
		}
		if !own {
			r.Messages, own = slices.Clone(r.Messages), true
		}
		r.Messages[i].Name = ""
	}
	return nil
}

// downgrade asks for any JSON object, and says the schema in words, where the
// model knows no schemas. Together with tools Groq knows neither: the writer
// refuses that.
func downgrade(r *canonical.Request, m *model) {
	f := r.Format
	if f == nil || f.Type != "json_schema" || m.can.Schema || !m.can.JSONObject || len(r.Tools) > 0 {
		return
	}
	r.Format = &canonical.Format{Type: "json_object"}
	text := "Answer with one JSON object"
	if len(f.Schema) > 0 {
		text += " that matches this JSON Schema: " + string(f.Schema)
	}
	told := canonical.Message{Role: canonical.System, Plain: true, Blocks: []canonical.Block{{Kind: canonical.Text, Text: text}}}
	r.Messages = append([]canonical.Message{told}, r.Messages...)
}

// onOrOff turns efforts into the only two that some models know; on is what they
// are anyway.
func onOrOff(r *canonical.Request) {
	q := r.Reasoning
	if q == nil {
		return
	}
	if q.Off || q.Effort == "none" || q.Budget != nil && *q.Budget == 0 {
		r.Reasoning = &canonical.Reasoning{Effort: "none", Off: true}
		return
	}
	r.Reasoning = &canonical.Reasoning{Adaptive: true}
}
