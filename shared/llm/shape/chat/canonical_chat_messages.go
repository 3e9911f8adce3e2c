package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// messages writes the instructions and the turns.
func (w *request) messages() {
	w.key(w.say("messages"))
	w.b = append(w.b, '[')
	if w.native {
		for i := range w.r.Messages {
			w.nativeMessage(i)
		}
	} else {
		w.foreignMessages()
	}
	w.b = append(w.b, ']')
}

// next opens a message.
func (w *request) next() *object {
	if w.b[len(w.b)-1] != '[' {
		w.b = append(w.b, ',')
	}
	return begin(w.b)
}

// nativeMessage writes a message as it was read.
func (w *request) nativeMessage(i int) {
	m := &w.r.Messages[i]
	o := w.next()
	if m.Extra["role"] == nil {
		o.text("role", string(m.Role))
	}
	path := asSaid(w.r.Origin, "messages") + "[" + strconv.Itoa(i) + "]"
	blocks, plain := m.Blocks, m.Plain
	if m.Role == canonical.ToolRole && len(blocks) > 0 && blocks[0].Result != nil {
		r := blocks[0].Result
		if m.Extra["role"] == nil {
			o.text("tool_call_id", shortID(r.ID))
		}
		blocks, plain = r.Blocks, r.Plain
	}
	if m.Name != "" {
		o.text("name", m.Name)
	}
	if m.Extra["content"] == nil {
		w.content(o, path, w.contentOf(blocks), plain, w.strict || m.Extra["cache_control"] != nil)
	}
	w.turn(o, m)
	if w.strict {
		o.extra(m.Extra, othersFields...)
	} else {
		o.extra(m.Extra)
	}
	w.b = o.end()
}

// othersFields are fields of messages that clients echo or add for other
// providers, and that OpenAI and Groq refuse.
var othersFields = []string{
	"reasoning_content", "reasoning", "thinking_blocks", "reasoning_details", "extra_content", "cache_control", "annotations",
}

// contentOf leaves the blocks that stand in the content: reasoning, calls and a
// refusal that is a field of its own stand beside it.
func (w *request) contentOf(blocks []canonical.Block) (out []canonical.Block) {
	for i := range blocks {
		switch b := &blocks[i]; b.Kind {
		case canonical.Thinking, canonical.Redacted, canonical.ToolUse, canonical.ToolResult:
			continue
		case canonical.Refusal:
			if !w.native || b.Extra[besideText] != nil {
				continue
			}
		}
		out = append(out, blocks[i])
	}
	return out
}

// content writes blocks as a string or as parts; marked says that the message
// itself carries the cache mark of its last block.
func (w *request) content(o *object, path string, blocks []canonical.Block, plain, marked bool) {
	if len(blocks) == 0 {
		return
	}
	if plain && len(blocks) == 1 && blocks[0].Kind == canonical.Text {
		o.text("content", blocks[0].Text)
		return
	}
	o.key("content")
	o.b = append(o.b, '[')
	first := true
	for i := range blocks {
		if !w.canBlock(&blocks[i], path) {
			continue
		}
		if !first {
			o.b = append(o.b, ',')
		}
		first = false
		o.b = w.appendPart(o.b, &blocks[i], path, !(marked && i == len(blocks)-1))
	}
	o.b = append(o.b, ']')
}

// turn writes the refusal and the calls of an assistant.
func (w *request) turn(o *object, m *canonical.Message) {
	if m.Role != canonical.Assistant {
		return
	}
	for i := range m.Blocks {
		if b := &m.Blocks[i]; b.Kind == canonical.Refusal && !w.native {
			o.text("refusal", b.Text)
			break
		}
	}
	if m.Extra["function_call"] == nil || !w.native {
		w.calls(o, m.Blocks)
	}
}

func (w *request) calls(o *object, blocks []canonical.Block) {
	first := true
	for i := range blocks {
		b := &blocks[i]
		if b.Call == nil {
			continue
		}
		if first {
			o.key("tool_calls")
			o.b = append(o.b, '[')
		} else {
			o.b = append(o.b, ',')
		}
		first = false
		o.b = nested(o.b, func(o *object) { w.call(o, b) })
	}
	if !first {
		o.b = append(o.b, ']')
	}
}

func (w *request) call(o *object, b *canonical.Block) {
	e := b.Extra
	if !w.native {
		e = nil
	}
	o.text("id", shortID(b.Call.ID))
	_, unsaid := e["type"]
	if b.Call.Custom {
		o.text("type", "custom")
		o.in("custom", func(o *object) {
			o.text("name", b.Call.Name)
			o.raw("input", b.Call.Arguments)
			o.extra(inner(e, "custom."))
		})
	} else {
		if !unsaid {
			o.text("type", "function")
		}
		o.in("function", func(o *object) { w.callFunction(o, b, inner(e, "function.")) })
	}
	if w.native {
		w.cache(o, b.Cache, e)
		o.extra(outer(e), w.besides("type")...)
	}
}

func (w *request) callFunction(o *object, b *canonical.Block, e canonical.Extra) {
	o.text("name", b.Call.Name)
	said, empty := e["arguments"]
	switch {
	case empty && len(b.Call.Arguments) == 0 && said == nil: // was not said
	case empty && len(b.Call.Arguments) == 0:
		o.raw("arguments", said)
	default:
		o.text("arguments", argumentsText(b.Call.Arguments))
	}
	o.extra(e, "arguments")
}

// inner and outer part the fields of Extra that stand in a nested object, whose
// names begin with its own, from the others.
func inner(e canonical.Extra, prefix string) (out canonical.Extra) {
	for name, v := range e {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			set(&out, name[len(prefix):], v)
		}
	}
	return out
}

func outer(e canonical.Extra) (out canonical.Extra) {
	for name, v := range e {
		if len(inner(canonical.Extra{name: v}, "function."))+len(inner(canonical.Extra{name: v}, "custom.")) == 0 {
			set(&out, name, v)
		}
	}
	return out
}

// longestID is what OpenAI takes of a call's id, bytes.
const longestID = 40

// shortID keeps an id, or cuts it down to one that is the same for a call and
// its result.
func shortID(id string) string {
	if len(id) <= longestID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "call_" + hex.EncodeToString(sum[:17])
}
