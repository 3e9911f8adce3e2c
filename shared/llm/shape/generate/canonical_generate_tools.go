package generate

import (
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

func (w *requestWriter) tools() error {
	if raw := w.r.Extra["tools"]; w.native && raw != nil {
		w.key("tools")
		w.raw(raw)
		return nil
	}
	functions, all := functionsOnly(w.r.Tools)
	if !all && !w.o.Drop("tools") {
		return dcoder.Invalid("tools", "the model %s runs none of the provider's own tools that were asked for; only functions", w.o.Model)
	}
	if len(functions) == 0 {
		return nil
	}
	if a := &w.o.Ability; a.Known && !a.Tools {
		if w.o.Drop("tools") {
			return nil
		}
		return dcoder.Invalid("tools", "the model %s uses no tools", w.o.Model)
	}
	w.key("tools")
	w.open('[')
	w.open('{')
	w.key("functionDeclarations")
	w.open('[')
	for i := range functions {
		if err := w.declaration(&functions[i]); err != nil {
			return err
		}
	}
	w.b = append(w.b, "]}]"...)
	return nil
}

func (w *requestWriter) declaration(t *canonical.Tool) error {
	w.open('{')
	w.member("name", t.Name)
	if t.Description != "" {
		w.member("description", t.Description)
	}
	switch {
	case w.native && t.Extra["parameters"] != nil:
		w.key("parameters")
		w.raw(t.Extra["parameters"])
	case w.native && t.Extra["parametersJsonSchema"] != nil: // written with the others
	case len(t.Schema) > 0:
		if err := w.parameters(t); err != nil {
			return err
		}
	}
	if w.native {
		w.members(t.Extra, "parameters")
	}
	w.close('}')
	return nil
}

// parameters writes a tool's schema in Google's words, or as it is where those do
// not suffice and the model understands it.
func (w *requestWriter) parameters(t *canonical.Tool) error {
	s, err := googleSchema(t.Schema)
	if err != nil {
		return dcoder.Invalid("tools", "the parameters of the tool %s: %s", t.Name, dcoder.AsError(err).Message)
	}
	switch {
	case s.Empty && !w.native:
	case s.Cut && w.o.Ability.RichSchema:
		w.key("parametersJsonSchema")
		w.raw(t.Schema)
	default:
		w.key("parameters")
		w.raw(s.JSON)
	}
	return nil
}

// choice writes which tools must be used; without tools there is nothing to say.
// Gemini has no switch against several calls at once: that wish is dropped, and
// said so.
func (w *requestWriter) choice() error {
	if raw := w.r.Extra["toolConfig"]; w.native && raw != nil {
		w.key("toolConfig")
		w.raw(raw)
		return nil
	}
	functions, _ := functionsOnly(w.r.Tools)
	if len(functions) == 0 && !w.native {
		return nil
	}
	if p := w.r.ParallelTools; p != nil && !*p {
		w.o.Dropped = append(w.o.Dropped, "parallel_tool_calls")
	}
	if w.r.Choice != nil {
		w.key("toolConfig")
		writeChoice(&w.output, w.r.Choice)
	}
	return nil
}

var modes = map[canonical.ChoiceMode]string{
	canonical.ChooseAuto: "AUTO", canonical.ChooseNone: "NONE", canonical.ChooseAny: "ANY", canonical.ChooseNamed: "ANY",
}

// writeChoice writes a toolConfig, empty for no choice.
func writeChoice(w *output, c *canonical.Choice) {
	w.open('{')
	if c != nil {
		w.key("functionCallingConfig")
		w.open('{')
		w.member("mode", modes[c.Mode])
		if c.Mode == canonical.ChooseNamed {
			w.key("allowedFunctionNames")
			w.value([]string{c.Name})
		}
		w.close('}')
	}
	w.close('}')
}
