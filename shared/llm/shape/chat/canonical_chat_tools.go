package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// tools writes the tools and which of them must be used. Without tools nothing
// is said of either: providers refuse that.
func (w *request) tools() {
	if w.native && isLegacy(w.r) {
		return // they stand in Extra
	}
	var list []byte
	for i := range w.r.Tools {
		if t := &w.r.Tools[i]; w.canTool(t, i) {
			if len(list) > 0 {
				list = append(list, ',')
			}
			list = w.appendTool(list, t)
		}
	}
	if len(list) > 0 {
		w.key(w.say("tools"))
		w.b = append(append(append(w.b, '['), list...), ']')
	}
	if len(list) > 0 || w.native && len(w.r.Tools) == 0 {
		w.choice()
		w.parallel()
	}
}

func (w *request) canTool(t *canonical.Tool, i int) bool {
	if t.Type == "" {
		return w.can(w.o.Ability.Tools, "tools", "it uses no tools")
	}
	if w.native {
		return true
	}
	known := w.o.Ability.Known
	w.o.Ability.Known = true // no server of this protocol runs another's tools
	ok := w.can(false, "tools["+strconv.Itoa(i)+"]", "a tool of the type "+t.Type+" is run by another provider")
	w.o.Ability.Known = known
	return ok
}

func (w *request) appendTool(b []byte, t *canonical.Tool) []byte {
	return nested(b, func(o *object) {
		if t.Type != "" {
			o.extra(t.Extra)
			return
		}
		o.text("type", "function")
		o.in("function", func(o *object) { w.function(o, t) })
		if !w.native {
			return
		}
		w.cache(o, t.Cache, t.Extra)
		o.extra(t.Extra, w.besides("function")...)
	})
}

func (w *request) function(o *object, t *canonical.Tool) {
	o.text("name", t.Name)
	if t.Description != "" {
		o.text("description", t.Description)
	}
	if t.Schema != nil {
		o.raw("parameters", t.Schema)
	}
	if t.Strict != nil {
		o.bool("strict", *t.Strict)
	}
	if w.native {
		o.extra(without(t.Extra["function"]))
	}
}

// besides are names in Extra that are not to be written.
func (w *request) besides(names ...string) []string {
	if w.strict {
		names = append(names, othersFields...)
	}
	return names
}

// cache writes a cache mark, unless Extra has the client's own form of it.
func (w *request) cache(o *object, c *canonical.CacheControl, e canonical.Extra) {
	if c == nil || w.strict || e["cache_control"] != nil {
		return
	}
	o.in("cache_control", func(o *object) {
		o.text("type", "ephemeral")
		if c.TTL != "" {
			o.text("ttl", c.TTL)
		}
	})
}

func (w *request) choice() {
	c := w.r.Choice
	if c == nil {
		return
	}
	w.key(w.say("tool_choice"))
	switch {
	case w.native && len(c.Extra) > 0:
		w.b = append(w.b, joined(c.Extra)...)
	case c.Mode == canonical.ChooseNamed:
		w.b = nested(w.b, func(o *object) {
			o.text("type", "function")
			o.in("function", func(o *object) { o.text("name", c.Name) })
		})
	default:
		w.b = appendText(w.b, choiceWord(c.Mode))
	}
}

func choiceWord(m canonical.ChoiceMode) string {
	for word, mode := range choiceWords {
		if mode == m {
			return word
		}
	}
	return "auto"
}

func (w *request) parallel() {
	if v := w.r.ParallelTools; v != nil {
		w.bool(w.say("parallel_tool_calls"), *v)
	}
}

// argumentsText is the arguments of a call as this protocol wants them: the text
// of an object, also where there are none.
func argumentsText(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}
