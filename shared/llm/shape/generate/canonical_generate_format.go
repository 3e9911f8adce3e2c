package generate

import (
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// format writes the form that the answer must have.
func (w *requestWriter) format() error {
	f := w.r.Format
	if f == nil || f.Type == "text" && !w.native {
		return nil
	}
	if w.native {
		w.nativeFormat(f)
		return nil
	}
	if err := w.canFormat(f); err != nil {
		return err
	}
	w.member("responseMimeType", "application/json")
	if f.Type != "json_schema" || len(f.Schema) == 0 {
		return nil
	}
	if w.o.Ability.RichSchema || !w.o.Ability.Known {
		w.key("responseJsonSchema")
		w.raw(f.Schema)
		return nil
	}
	s, err := googleSchema(f.Schema)
	if err != nil {
		return dcoder.Invalid(named(w.r, "response_format"), "%s", dcoder.AsError(err).Message)
	}
	w.key("responseSchema")
	w.raw(s.JSON)
	return nil
}

func (w *requestWriter) canFormat(f *canonical.Format) error {
	a := &w.o.Ability
	field := named(w.r, "response_format")
	switch {
	case !a.Known:
	case f.Type == "json_schema" && !a.Schema, f.Type == "json_object" && !a.JSONObject:
		return dcoder.Invalid(field, "the model %s gives no answers of the form %s", w.o.Model, f.Type)
	case len(w.r.Tools) > 0 && !a.SchemaWithTools:
		return dcoder.Invalid(field, "the model %s cannot use tools and give its answer a form at once: leave out one of tools and %s", w.o.Model, field)
	}
	return nil
}

func (w *requestWriter) nativeFormat(f *canonical.Format) {
	w.members(f.Extra)
	if f.Type == "json_schema" && f.Extra["responseSchema"] == nil {
		w.key("responseJsonSchema")
		w.raw(f.Schema)
	}
}
