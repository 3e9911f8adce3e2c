package chat

import (
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// foreignMessages writes the turns of another protocol: instructions become a
// system message, results of tools become messages of their own before what the
// user says with them, and an assistant's items one message. Reasoning of the
// past is left out: servers of this protocol refuse it.
func (w *request) foreignMessages() {
	if system := textual(w.r.System); len(system) > 0 {
		w.foreign("system", asSaid(w.r.Origin, "messages"), "", system)
	}
	for i := 0; i < len(w.r.Messages); {
		m := &w.r.Messages[i]
		path := asSaid(w.r.Origin, "messages") + "[" + strconv.Itoa(i) + "]"
		if m.Role == canonical.Assistant {
			var blocks []canonical.Block
			for ; i < len(w.r.Messages) && w.r.Messages[i].Role == canonical.Assistant; i++ {
				blocks = append(blocks, w.r.Messages[i].Blocks...)
			}
			w.assistant(path, blocks)
			continue
		}
		w.spoken(m, path)
		i++
	}
}

// spoken writes a message of anybody but an assistant.
func (w *request) spoken(m *canonical.Message, path string) {
	var rest, pictures []canonical.Block
	for i := range m.Blocks {
		if r := m.Blocks[i].Result; r != nil {
			pictures = append(pictures, w.result(r, path)...)
		} else {
			rest = append(rest, m.Blocks[i])
		}
	}
	role := m.Role
	if role == canonical.ToolRole {
		role = canonical.User
	}
	if rest = append(pictures, rest...); len(rest) > 0 {
		w.foreign(string(role), path, m.Name, rest)
	}
}

// result writes what a tool gave. Only text may stand there; pictures and
// documents are handed back, for the user's message that follows.
func (w *request) result(r *canonical.Result, path string) (others []canonical.Block) {
	var texts []canonical.Block
	for i := range r.Blocks {
		if b := r.Blocks[i]; b.Kind == canonical.Text {
			texts = append(texts, b)
		} else {
			others = append(others, b)
		}
	}
	o := w.next()
	o.text("role", "tool")
	o.text("tool_call_id", shortID(r.ID))
	if len(texts) == 0 {
		o.text("content", "")
	} else {
		w.content(o, path, texts, len(texts) == 1, true)
	}
	w.b = o.end()
	return others
}

// foreign writes one message; a single text is a bare string.
func (w *request) foreign(role, path, name string, blocks []canonical.Block) {
	o := w.next()
	o.text("role", role)
	if name != "" {
		o.text("name", name)
	}
	w.content(o, path, blocks, len(blocks) == 1, true)
	w.b = o.end()
}

func (w *request) assistant(path string, blocks []canonical.Block) {
	m := canonical.Message{Role: canonical.Assistant}
	for i := range blocks {
		switch b := blocks[i]; {
		case b.Kind == canonical.Thinking, b.Kind == canonical.Redacted:
		case b.Kind == canonical.Text && b.Text == "":
		default:
			m.Blocks = append(m.Blocks, b)
		}
	}
	if len(m.Blocks) == 0 {
		return
	}
	o := w.next()
	o.text("role", "assistant")
	content := w.contentOf(m.Blocks)
	w.content(o, path, content, len(content) == 1, true)
	w.turn(o, &m)
	w.b = o.end()
}

// textual keeps the texts that say something.
func textual(blocks []canonical.Block) (out []canonical.Block) {
	for i := range blocks {
		if blocks[i].Kind == canonical.Text && blocks[i].Text != "" {
			out = append(out, blocks[i])
		}
	}
	return out
}
