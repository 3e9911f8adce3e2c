package responses

import (
	"encoding/json"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// input writes the messages: as the one text or the items that they were, or cut
// into items when they came in another protocol.
func (w *rewrite) input() error {
	if w.InputPlain && w.ours && len(w.Messages) == 1 {
		w.out["input"] = w.Messages[0].Blocks[0].Text
		return nil
	}
	items := make([]any, 0, len(w.Messages))
	for i := range w.Messages {
		m := &w.Messages[i]
		if w.ours {
			items = append(items, item(m))
			continue
		}
		var err error
		if items, err = w.cut(items, m, i); err != nil {
			return err
		}
	}
	if !w.ours || len(items) > 0 { // an empty or missing one is in Extra
		w.out["input"] = items
	}
	return nil
}

// item writes a message that was one item.
func item(m *canonical.Message) any {
	f := clone(m.Extra)
	put(f, "id", m.ID)
	for i := range m.Blocks {
		switch b := &m.Blocks[i]; b.Kind {
		case canonical.Opaque:
			if m.Extra != nil && len(m.Extra) == 0 { // the item itself
				return clone(b.Extra)
			}
		case canonical.ToolUse:
			return callItem(f, b.Call)
		case canonical.ToolResult:
			return outputItem(f, b.Result)
		case canonical.Thinking, canonical.Redacted:
			return f // all of a reasoning item is in Extra
		default:
		}
	}
	f["role"] = m.Role
	f["content"] = content(m.Blocks, m.Plain, m.Role)
	return f
}

func callItem(f fields, c *canonical.Call) fields {
	f["call_id"], f["name"] = c.ID, c.Name
	put(f, "id", c.ItemID)
	if c.Custom {
		var s string
		if json.Unmarshal(c.Arguments, &s) != nil {
			s = string(c.Arguments)
		}
		f["type"], f["input"] = itemCustom, s
		return f
	}
	f["type"] = itemCall
	if _, kept := f["arguments"]; !kept || len(c.Arguments) > 0 {
		f["arguments"] = string(c.Arguments)
	}
	return f
}

func outputItem(f fields, r *canonical.Result) fields {
	if f["type"] == nil {
		f["type"] = itemOutput
	}
	f["call_id"], f["output"] = r.ID, content(r.Blocks, r.Plain, canonical.ToolRole)
	return f
}

// content writes a text or a list of parts.
func content(blocks []canonical.Block, plain bool, role canonical.Role) any {
	if plain && len(blocks) == 1 {
		return blocks[0].Text
	}
	parts := make([]any, 0, len(blocks))
	for i := range blocks {
		parts = append(parts, part(&blocks[i], role))
	}
	return parts
}

func part(b *canonical.Block, role canonical.Role) fields {
	f := clone(b.Extra)
	switch b.Kind {
	case canonical.Text:
		if f["text"] = b.Text; f["type"] == nil {
			f["type"] = partOf(role)
		}
	case canonical.Refusal:
		f["type"], f["refusal"] = partRefusal, b.Text
	case canonical.Image:
		f["type"] = partImage
		put(f, "file_id", b.Media.FileID)
		put(f, "detail", b.Media.Detail)
		put(f, "image_url", place(b.Media))
	case canonical.Document:
		if b.Media.Text != "" { // plain text needs no file here
			f["type"], f["text"] = partInput, b.Media.Text
			return f
		}
		f["type"] = partFile
		put(f, "file_id", b.Media.FileID)
		put(f, "filename", b.Media.Name)
		put(f, "file_url", b.Media.URL)
		if b.Media.Data != "" {
			f["file_data"] = place(b.Media)
		}
	case canonical.Audio:
		in := fields{}
		if raw, ok := b.Extra["input_audio"]; ok {
			_ = json.Unmarshal(raw, &in) // an object by ReadRequest
		}
		put(in, "data", b.Media.Data)
		put(in, "format", b.Media.Format)
		f["type"], f["input_audio"] = partAudio, in
	default:
	}
	return f
}

// place is the address of a medium, a data URI for one that came along.
func place(m *canonical.Media) string {
	switch {
	case m.Data == "":
		return m.URL
	case m.Type == "":
		return m.Data
	}
	return "data:" + m.Type + ";base64," + m.Data
}

// cut writes a message of another protocol as items: what is said, calls and
// results each for themselves, in their order. Reasoning of other providers is
// left out, since this one takes back only its own.
func (w *rewrite) cut(items []any, m *canonical.Message, index int) ([]any, error) {
	role := m.Role
	if role == canonical.ToolRole {
		role = canonical.User
	}
	var said []canonical.Block
	flush := func() {
		if len(said) > 0 {
			items = append(items, fields{"role": role, "content": content(said, m.Plain, role)})
		}
		said = nil
	}
	for i := range m.Blocks {
		b := m.Blocks[i]
		b.Extra = nil // another protocol's
		switch b.Kind {
		case canonical.Thinking, canonical.Redacted:
		case canonical.Text:
			if b.Text != "" || role != canonical.Assistant { // clients echo "" beside calls
				said = append(said, b)
			}
		case canonical.ToolUse:
			flush()
			items = append(items, foreignCall(b.Call))
		case canonical.ToolResult:
			flush()
			items = append(items, outputItem(fields{}, foreignResult(b.Result)))
		case canonical.Opaque:
			if !w.o.Drop(fmt.Sprintf("messages[%d].content[%d]", index, i)) {
				return nil, dcoder.Invalid("messages", "messages[%d].content[%d] is of a type that the served model does not know", index, i)
			}
		default:
			said = append(said, b)
		}
	}
	flush()
	return items, nil
}

func foreignCall(c *canonical.Call) fields {
	f := callItem(fields{}, c)
	delete(f, "id") // only this protocol's own items have ids that it knows
	if !c.Custom && len(c.Arguments) == 0 {
		f["arguments"] = "{}"
	}
	return f
}

// foreignResult takes out what parts of a result cannot be here.
func foreignResult(r *canonical.Result) *canonical.Result {
	out := *r
	out.Blocks = make([]canonical.Block, len(r.Blocks))
	for i, b := range r.Blocks {
		b.Extra = nil
		out.Blocks[i] = b
	}
	if len(out.Blocks) == 0 {
		out.Blocks, out.Plain = []canonical.Block{{Kind: canonical.Text}}, true
	}
	return &out
}
