package messages

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// form is how an answer of a form is asked for.
type form struct {
	schema json.RawMessage
	tool   bool // by a tool that must be called, for models without the other way
}

var anyObject = json.RawMessage(`{"type":"object","additionalProperties":true}`)

// planForm decides how the answer's form is asked for: output_config.format on
// models that have it, else a tool that must be called.
func (w *writer) planForm() error {
	f, a := w.r.Format, &w.o.Ability
	switch {
	case f == nil || f.Type == "text" || f.Type == "":
		return nil
	case f.Type == "json_object":
		w.form = &form{anyObject, true}
	case f.Type != "json_schema":
		return dcoder.Invalid(w.named("response_format"), "%s: the type %q is not known", w.named("response_format"), f.Type)
	case len(f.Schema) == 0:
		w.form = &form{anyObject, true}
	default:
		w.form = &form{f.Schema, a.Known && !a.Schema}
	}
	if !w.form.tool {
		return nil
	}
	if len(w.offered) > 0 {
		w.form = nil
		return w.cannot(w.named("response_format"), "cannot give an answer of this form and use tools in the same call")
	}
	if a.NoForcedTools {
		w.form = nil
		return w.cannot(w.named("response_format"), "gives answers of a JSON schema, which is missing, and of no other form")
	}
	return nil
}

// named is a parameter's name as the client of another protocol writes it.
func (w *writer) named(chat string) string {
	switch {
	case w.r.Origin == canonical.Responses && chat == "response_format":
		return "text.format"
	case w.r.Origin == canonical.Responses && chat == "reasoning_effort":
		return "reasoning.effort"
	case w.r.Origin == canonical.Generate && chat == "response_format":
		return "generationConfig.responseSchema"
	case w.r.Origin == canonical.Generate && chat == "reasoning_effort":
		return "generationConfig.thinkingConfig"
	}
	return chat
}

// outputConfig writes effort and format, and of our own requests the rest.
func (w *writer) outputConfig() error {
	var effort string
	if w.r.Reasoning != nil && (w.own || w.thinks && w.o.Ability.Thinks == canonical.ThinksAdaptive) {
		effort = w.r.Reasoning.Effort
		if !w.own {
			effort = w.effort(effort)
		}
	}
	schema := w.schema()
	var left canonical.Extra
	if w.own {
		_ = json.Unmarshal(w.r.Extra["output_config"], &left) // what readFormat left
	}
	if effort == "" && schema == nil && left == nil {
		return nil
	}
	w.key("output_config")
	w.open('{')
	if effort != "" {
		w.member("effort", effort)
	}
	if schema != nil {
		w.key("format")
		w.open('{')
		w.member("type", schema.Type)
		if schema.Schema != nil {
			w.key("schema")
			w.raw(schema.Schema)
		}
		w.extra(schema.Extra)
		w.close('}')
	}
	w.extra(left)
	w.close('}')
	return nil
}

// schema is what stands in output_config.format, nil for nothing.
func (w *writer) schema() *canonical.Format {
	switch {
	case w.own && w.r.Format != nil && w.r.Extra["output_format"] == nil:
		return w.r.Format
	case !w.own && w.form != nil && !w.form.tool:
		return &canonical.Format{Type: "json_schema", Schema: w.form.schema}
	}
	return nil
}
