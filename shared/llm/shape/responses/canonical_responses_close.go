package responses

import (
	"maps"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// close ends an open block; a message stays open for further parts.
func (w *writer) close(dst []byte, index int) []byte {
	g := w.open[index]
	if g == nil {
		return dst
	}
	delete(w.open, index)
	if g.id == "" {
		return dst
	}
	g.block.Text += string(g.text)
	switch g.block.Kind {
	case canonical.ToolUse:
		return w.closeCall(dst, g)
	case canonical.Thinking:
		part := fields{"type": partSummary, "text": g.block.Text}
		dst = w.event(dst, "response.reasoning_summary_text.done", g.place(fields{"text": g.block.Text}))
		dst = w.event(dst, "response.reasoning_summary_part.done", g.place(fields{"part": part}))
		item := fields{"id": g.id, "type": itemReasoning, "summary": []any{part}}
		put(item, fieldEncrypted, pack(&g.block))
		return w.done(dst, g.output, item)
	default:
		return w.closeText(dst, g)
	}
}

func (w *writer) closeText(dst []byte, g *growing) []byte {
	part := textPart(&g.block)
	if g.block.Kind == canonical.Refusal {
		dst = w.event(dst, "response.refusal.done", g.place(fields{"refusal": g.block.Text}))
	} else {
		dst = w.event(dst, "response.output_text.done", g.place(fields{"text": g.block.Text, "logprobs": []any{}}))
	}
	if m := w.message; m != nil && m.id == g.id {
		m.parts[g.part] = part
	}
	return w.event(dst, "response.content_part.done", g.place(fields{"part": part}))
}

func (w *writer) closeCall(dst []byte, g *growing) []byte {
	c := g.block.Call
	c.Arguments = g.text
	f := callItem(fields{}, c)
	f["call_id"], f["status"], f["id"] = callid.Pack(c.ID, g.block.Signature), statusWhole, g.id
	if c.Custom {
		dst = w.event(dst, "response.custom_tool_call_input.delta", g.place(fields{"delta": f["input"]}))
		dst = w.event(dst, "response.custom_tool_call_input.done", g.place(fields{"input": f["input"]}))
		return w.done(dst, g.output, f)
	}
	if len(g.text) == 0 {
		f["arguments"] = "{}"
		dst = w.event(dst, "response.function_call_arguments.delta", g.place(fields{"delta": "{}"}))
	}
	dst = w.event(dst, "response.function_call_arguments.done", g.place(fields{"arguments": f["arguments"], "name": c.Name}))
	return w.done(dst, g.output, f)
}

// closeMessage ends the open message and what of it still grows.
func (w *writer) closeMessage(dst []byte) []byte {
	m := w.message
	if m == nil {
		return dst
	}
	for _, i := range w.left() {
		if w.open[i].id == m.id {
			dst = w.close(dst, i)
		}
	}
	w.message = nil
	return w.done(dst, m.output, fields{"id": m.id, "type": itemMessage, "status": statusWhole, "role": "assistant", "content": m.parts})
}

// left lists the open blocks in their order.
func (w *writer) left() []int { return slices.Sorted(maps.Keys(w.open)) }

// whole writes a block that does not come in pieces.
func (w *writer) whole(dst []byte, e *canonical.Event) []byte {
	if e.Block == nil {
		return dst
	}
	switch e.Block.Kind {
	case canonical.Text, canonical.Refusal, canonical.Thinking, canonical.ToolUse:
		return w.close(w.filled(dst, e), e.Index)
	default:
	}
	item := blockItem(e.Block, "", w.id, len(w.output)) // Opaque is another protocol's: this one's streams are forwarded
	if item == nil {
		return dst
	}
	dst = w.closeMessage(dst)
	dst, index := w.add(dst, item)
	return w.done(dst, index, item)
}

// filled begins a block and writes all that is in it.
func (w *writer) filled(dst []byte, e *canonical.Event) []byte {
	b := *e.Block
	text, kind := b.Text, canonical.EventText
	if b.Call != nil {
		text, kind = string(b.Call.Arguments), canonical.EventArgs
	}
	b.Text = ""
	dst = w.start(dst, &canonical.Event{Kind: canonical.EventBlock, Index: e.Index, Block: &b})
	return w.grow(dst, &canonical.Event{Kind: kind, Index: e.Index, Text: text})
}

// settle ends what is open.
func (w *writer) settle(dst []byte) []byte {
	dst = w.closeMessage(dst)
	for _, i := range w.left() {
		dst = w.close(dst, i)
	}
	return dst
}

// end writes the whole answer.
func (w *writer) end(dst []byte) []byte {
	dst = w.settle(dst)
	w.over = true
	w.envelope["output"] = w.items()
	w.envelope.finish(w.stop, &w.usage)
	kind, _ := w.envelope["status"].(string)
	return w.event(dst, "response."+kind, fields{"response": w.envelope})
}

func (w *writer) items() []any {
	if w.output == nil {
		return []any{}
	}
	return w.output
}

// fail writes that the answer failed; what was begun stays unfinished.
func (w *writer) fail(dst []byte, p *canonical.Problem) []byte {
	w.over = true
	said := fields{"code": "server_error", "message": "the answer failed"}
	if p != nil {
		put(said, "code", p.Type)
		put(said, "code", p.Code)
		put(said, "message", p.Message)
	}
	whole := []any{}
	for _, item := range w.output {
		if item != nil {
			whole = append(whole, item)
		}
	}
	w.envelope["status"], w.envelope["error"], w.envelope["output"] = statusFailed, said, whole
	return w.event(dst, "response.failed", fields{"response": w.envelope})
}
