package responses

import (
	"encoding/json"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// NewWriter implements canonical.Protocol. Of several answers it writes the
// first: the protocol has one.
func (protocol) NewWriter(r *canonical.Request) canonical.Writer {
	return &writer{request: r, open: map[int]*growing{}}
}

// writer writes one stream: items in the order in which they begin, each event
// with the next sequence number.
type writer struct {
	request  *canonical.Request
	envelope fields
	id       string // bare, of the answer
	seq      int
	output   []any            // items, nil while one is open
	message  *message         // the open one, for further parts
	open     map[int]*growing // by the block's index
	usage    canonical.Usage
	stop     canonical.Stop
	over     bool
}

// message is a message item and its parts that are whole.
type message struct {
	id     string
	output int
	parts  []any
}

// growing is an open block.
type growing struct {
	block  canonical.Block
	text   []byte
	id     string // of the item
	output int
	part   int // of a message's text: its content_index
}

// Write implements canonical.Writer.
func (w *writer) Write(dst []byte, e *canonical.Event) []byte {
	if w.over || e.Answer != 0 {
		return dst
	}
	if e.Kind == canonical.EventPing {
		return append(dst, sse.Ping...)
	}
	if w.envelope == nil {
		dst = w.begin(dst, e)
	}
	switch e.Kind {
	case canonical.EventBlock:
		return w.start(dst, e)
	case canonical.EventText, canonical.EventArgs:
		return w.grow(dst, e)
	case canonical.EventSign:
		if g := w.open[e.Index]; g != nil {
			g.block.Signature = e.Text
		}
	case canonical.EventWhole:
		return w.whole(dst, e)
	case canonical.EventBlockEnd:
		return w.close(dst, e.Index)
	case canonical.EventStop:
		w.stop = e.Stop
	case canonical.EventUsage:
		w.usage.Merge(e.Usage)
	case canonical.EventError:
		return w.fail(dst, e.Err)
	case canonical.EventEnd:
		return w.end(dst)
	default:
	}
	return dst
}

// event appends a frame.
func (w *writer) event(dst []byte, kind string, f fields) []byte {
	f["type"], f["sequence_number"] = kind, w.seq
	w.seq++
	raw, err := json.Marshal(f)
	if err != nil { // an Opaque block that is no JSON
		return dst
	}
	return sse.AppendEvent(dst, kind, raw)
}

// begin writes the head of the stream, whether or not the provider's has come.
func (w *writer) begin(dst []byte, e *canonical.Event) []byte {
	w.envelope = envelope(w.request)
	id, created := "", time.Now().Unix()
	if e.Kind == canonical.EventStart {
		id, w.envelope["model"] = e.ID, e.Model
		if e.Created != 0 {
			created = e.Created
		}
	} else if w.request != nil {
		w.envelope["model"] = w.request.Model
	}
	w.id = bare(id)
	if id == "" {
		id = w.id
	}
	w.envelope["id"], w.envelope["created_at"], w.envelope["status"] = responseID(id), created, statusRunning
	dst = w.event(dst, "response.created", fields{"response": w.envelope})
	return w.event(dst, "response.in_progress", fields{"response": w.envelope})
}

// add gives an item its place and writes that it begins.
func (w *writer) add(dst []byte, item fields) (out []byte, index int) {
	index = len(w.output)
	w.output = append(w.output, nil)
	return w.event(dst, "response.output_item.added", fields{"output_index": index, "item": item}), index
}

// done writes that an item is whole.
func (w *writer) done(dst []byte, index int, item any) []byte {
	w.output[index] = item
	return w.event(dst, "response.output_item.done", fields{"output_index": index, "item": item})
}

func (w *writer) start(dst []byte, e *canonical.Event) []byte {
	if e.Block == nil || w.open[e.Index] != nil {
		return dst
	}
	g := &growing{block: *e.Block}
	w.open[e.Index] = g
	switch g.block.Kind {
	case canonical.ToolUse:
		dst = w.closeMessage(dst)
		return w.startCall(dst, g)
	case canonical.Thinking:
		dst = w.closeMessage(dst)
		g.id = itemID("rs", w.id, len(w.output))
		dst, g.output = w.add(dst, fields{"id": g.id, "type": itemReasoning, "summary": []any{}})
		return w.event(dst, "response.reasoning_summary_part.added", fields{
			"item_id": g.id, "output_index": g.output, "summary_index": 0, "part": fields{"type": partSummary, "text": ""},
		})
	case canonical.Text, canonical.Refusal:
		return w.startText(dst, g)
	default:
	}
	return dst
}

func (w *writer) startCall(dst []byte, g *growing) []byte {
	call := *g.block.Call
	call.Arguments = nil
	g.block.Call = &call
	f := callItem(fields{}, &call)
	f["call_id"], f["status"] = callid.Pack(call.ID, g.block.Signature), statusRunning
	if g.id = call.ItemID; g.id == "" {
		g.id = itemID("fc", w.id, len(w.output))
	}
	f["id"] = g.id
	dst, g.output = w.add(dst, f)
	return dst
}

// startText begins a part of the open message, or a message.
func (w *writer) startText(dst []byte, g *growing) []byte {
	if w.message == nil {
		m := &message{id: itemID("msg", w.id, len(w.output))}
		dst, m.output = w.add(dst, fields{"id": m.id, "type": itemMessage, "status": statusRunning, "role": "assistant", "content": []any{}})
		w.message = m
	}
	g.id, g.output, g.part = w.message.id, w.message.output, len(w.message.parts)
	w.message.parts = append(w.message.parts, nil)
	empty := canonical.Block{Kind: g.block.Kind}
	return w.event(dst, "response.content_part.added", g.place(fields{"part": textPart(&empty)}))
}

// place says in an event to which part it belongs.
func (g *growing) place(f fields) fields {
	f["item_id"], f["output_index"] = g.id, g.output
	switch g.block.Kind {
	case canonical.Thinking:
		f["summary_index"] = 0
	case canonical.Text, canonical.Refusal:
		f["content_index"] = g.part
	default:
	}
	return f
}

// grow writes a piece; a text that nobody began begins here.
func (w *writer) grow(dst []byte, e *canonical.Event) []byte {
	if w.open[e.Index] == nil {
		if e.Kind == canonical.EventArgs {
			return dst
		}
		dst = w.start(dst, &canonical.Event{Kind: canonical.EventBlock, Index: e.Index, Block: &canonical.Block{Kind: canonical.Text}})
	}
	g := w.open[e.Index]
	if e.Text == "" || g.id == "" {
		return dst
	}
	g.text = append(g.text, e.Text...)
	f := g.place(fields{"delta": e.Text})
	switch g.block.Kind {
	case canonical.ToolUse:
		if g.block.Call.Custom { // its JSON is taken apart at the end
			return dst
		}
		return w.event(dst, "response.function_call_arguments.delta", f)
	case canonical.Thinking:
		return w.event(dst, "response.reasoning_summary_text.delta", f)
	case canonical.Refusal:
		return w.event(dst, "response.refusal.delta", f)
	default:
		f["logprobs"] = []any{}
		return w.event(dst, "response.output_text.delta", f)
	}
}
