package messages

import (
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// tools writes the tools, and the one through which an answer of a form comes.
func (w *writer) tools() error {
	if w.offered == nil && !w.formTool() {
		return nil
	}
	w.key("tools")
	w.open('[')
	for i := range w.offered {
		w.tool(&w.offered[i])
	}
	if w.formTool() {
		w.open('{')
		w.member("name", FormTool)
		w.member("description", "Gives the answer in the form that is asked for. Call it once, with the whole answer.")
		w.key("input_schema")
		w.raw(w.form.schema)
		w.close('}')
	}
	w.close(']')
	return nil
}

// planTools leaves out what only another protocol's provider runs.
func (w *writer) planTools() error {
	if w.offered = w.r.Tools; w.own {
		return nil
	}
	w.offered = nil
	for i := range w.r.Tools {
		if t := &w.r.Tools[i]; t.Type == "" {
			w.offered = append(w.offered, *t)
		} else if err := w.cannot(numbered("tools", i), "has no tool of the type "+t.Type); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) formTool() bool { return w.form != nil && w.form.tool }

func (w *writer) tool(t *canonical.Tool) {
	w.open('{')
	if t.Type != "" {
		w.extra(t.Extra)
		w.close('}')
		return
	}
	w.member("name", t.Name)
	if t.Description != "" {
		w.member("description", t.Description)
	}
	switch s := string(t.Schema); {
	case w.own && s == "":
	case w.own || s != "" && s != "null" && s != "{}":
		w.key("input_schema")
		w.raw(t.Schema)
	default:
		w.key("input_schema")
		w.raw([]byte(`{"type":"object","properties":{}}`))
	}
	if t.Strict != nil && (w.own || *t.Strict && w.o.Ability.Schema) {
		w.key("strict")
		w.bool(*t.Strict)
	}
	w.cache(t.Cache)
	if w.own {
		w.extra(t.Extra)
	}
	w.close('}')
}

// cache writes a cache breakpoint.
func (w *writer) cache(c *canonical.CacheControl) {
	if c == nil {
		return
	}
	w.key("cache_control")
	w.open('{')
	w.member("type", "ephemeral")
	if c.TTL != "" {
		w.member("ttl", c.TTL)
	}
	w.close('}')
}

func forces(c *canonical.Choice) bool {
	return c.Mode == canonical.ChooseAny || c.Mode == canonical.ChooseNamed
}

var choices = map[canonical.ChoiceMode]string{
	canonical.ChooseAuto: "auto", canonical.ChooseNone: "none", canonical.ChooseAny: "any", canonical.ChooseNamed: "tool",
}

// choice writes whether and which tool must be used; without tools there is
// nothing to choose.
func (w *writer) choice() error {
	c, one := w.r.Choice, w.r.ParallelTools
	if w.formTool() {
		c, one = &canonical.Choice{Mode: canonical.ChooseNamed, Name: FormTool}, nil
	}
	if !w.own && w.offered == nil && !w.formTool() {
		return nil
	}
	if c == nil && one != nil && !*one {
		c = &canonical.Choice{Mode: canonical.ChooseAuto}
	}
	if c == nil {
		return nil
	}
	if !w.own && forces(c) && w.o.Ability.NoForcedTools {
		return w.cannot("tool_choice", "cannot be forced to use a tool")
	}
	w.key("tool_choice")
	w.open('{')
	w.member("type", choices[c.Mode])
	if c.Mode == canonical.ChooseNamed {
		w.member("name", c.Name)
	}
	if one != nil && (w.own || c.Mode != canonical.ChooseNone) {
		w.key("disable_parallel_tool_use")
		w.bool(!*one)
	}
	if w.own {
		w.extra(c.Extra)
	}
	w.close('}')
	return nil
}
