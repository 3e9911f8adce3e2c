package messages

import (
	"encoding/json"
	"errors"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

var errNotOurs = errors.New("messages: the event is not one of the Messages API")

// reader reads one stream.
type reader struct {
	usage  usage
	blocks map[int64]*reading
	calls  bool // a tool of the client's is wanted
	formed bool // FormTool is
}

// reading is a block that is being read.
type reading struct {
	block     canonical.Block
	args      []byte // of a block that comes out whole
	citations []json.RawMessage
	said      bool // arguments came
}

// NewReader implements canonical.Protocol.
func (protocol) NewReader() canonical.Reader { return &reader{} }

// Read implements canonical.Reader. Kinds of events that are not known are
// nothing, as the API's versioning policy asks.
func (r *reader) Read(dst []canonical.Event, e sse.Event) ([]canonical.Event, error) {
	if !json.Valid(e.Data) {
		return dst, errNotOurs
	}
	var err error
	f := object(e.Data, "", &err)
	switch kind := f.str("type"); kind {
	case "message_start":
		dst = r.start(dst, f)
	case "content_block_start":
		dst = r.begin(dst, f)
	case "content_block_delta":
		dst = r.delta(dst, f)
	case "content_block_stop":
		dst = r.end(dst, f)
	case "message_delta":
		dst = r.change(dst, f)
	case "message_stop":
		dst = append(dst, canonical.Event{Kind: canonical.EventEnd})
	case "ping":
		dst = append(dst, canonical.Event{Kind: canonical.EventPing})
	case "error":
		p, _ := Protocol.ReadError(0, e.Data)
		return append(dst, canonical.Event{Kind: canonical.EventError, Err: &p}), nil
	}
	return dst, err
}

func (r *reader) start(dst []canonical.Event, f *fields) []canonical.Event {
	m := f.object("message")
	if m == nil {
		f.fail("message", "is missing")
		return dst
	}
	dst = append(dst, canonical.Event{Kind: canonical.EventStart, ID: m.str("id"), Model: m.str("model")})
	return r.count(dst, m)
}

// count tells what was used, as far as it is known by now.
func (r *reader) count(dst []canonical.Event, f *fields) []canonical.Event {
	u := f.object("usage")
	if u == nil {
		return dst
	}
	r.usage.merge(u)
	now := r.usage.canonical()
	return append(dst, canonical.Event{Kind: canonical.EventUsage, Usage: &now})
}

// begin begins a block. What the client's protocol may not know comes out whole
// at its end.
func (r *reader) begin(dst []canonical.Event, f *fields) []canonical.Event {
	index := value(f.int("index"))
	raw := f.take("content_block")
	if raw == nil {
		f.fail("content_block", "is missing")
		return dst
	}
	now := &reading{block: readBlock(object(append([]byte(nil), raw...), "content_block", f.err))}
	if r.blocks == nil {
		r.blocks = make(map[int64]*reading, 4)
	}
	r.blocks[index] = now
	b := &now.block
	out := canonical.Event{Kind: canonical.EventBlock, Index: int(index)}
	switch b.Kind {
	case canonical.Text, canonical.Thinking:
		out.Block = &canonical.Block{Kind: b.Kind}
		dst = append(dst, out)
		if b.Text != "" {
			dst = append(dst, canonical.Event{Kind: canonical.EventText, Index: int(index), Text: b.Text})
		}
	case canonical.ToolUse:
		dst = r.beginCall(append(dst, out), b, now)
	}
	return dst
}

func (r *reader) beginCall(dst []canonical.Event, b *canonical.Block, now *reading) []canonical.Event {
	out := &dst[len(dst)-1]
	if b.Call.Name == FormTool {
		r.formed = true
		out.Block = &canonical.Block{Kind: canonical.Text}
	} else {
		r.calls = true
		out.Block = &canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: b.Call.ID, Name: b.Call.Name}, Extra: b.Extra}
	}
	if len(b.Call.Arguments) > 2 { // not {}, which stands for what is to come
		now.said = true
		dst = append(dst, r.arguments(out.Index, string(b.Call.Arguments), b))
	}
	return dst
}

// arguments are a call's, or the text of an answer in a form.
func (r *reader) arguments(index int, text string, b *canonical.Block) canonical.Event {
	kind := canonical.EventArgs
	if b.Call.Name == FormTool {
		kind = canonical.EventText
	}
	return canonical.Event{Kind: kind, Index: index, Text: text}
}

func (r *reader) delta(dst []canonical.Event, f *fields) []canonical.Event {
	index := value(f.int("index"))
	d, now := f.object("delta"), r.blocks[index]
	if d == nil || now == nil {
		f.fail("delta", "belongs to no block")
		return dst
	}
	out := canonical.Event{Kind: canonical.EventText, Index: int(index)}
	switch d.str("type") {
	case "text_delta":
		out.Text = d.str("text")
	case "thinking_delta":
		out.Text = d.str("thinking")
	case "signature_delta":
		out.Kind, out.Text = canonical.EventSign, d.str("signature")
	case "input_json_delta":
		text := d.str("partial_json")
		if now.block.Call == nil {
			now.args = append(now.args, text...)
			return dst
		}
		now.said = now.said || text != ""
		out = r.arguments(int(index), text, &now.block)
	case "citations_delta":
		now.citations = append(now.citations, append(json.RawMessage(nil), d.take("citation")...))
		return dst
	default:
		return dst
	}
	if out.Text == "" {
		return dst
	}
	return append(dst, out)
}

func (r *reader) end(dst []canonical.Event, f *fields) []canonical.Event {
	index := value(f.int("index"))
	now := r.blocks[index]
	if now == nil {
		f.fail("index", "belongs to no block")
		return dst
	}
	delete(r.blocks, index)
	b := &now.block
	switch b.Kind {
	case canonical.Text, canonical.Thinking, canonical.ToolUse:
	default:
		if len(now.args) > 0 && json.Valid(now.args) && b.Extra != nil {
			b.Extra["input"] = now.args
		}
		return append(dst, canonical.Event{Kind: canonical.EventWhole, Index: int(index), Block: b})
	}
	out := canonical.Event{Kind: canonical.EventBlockEnd, Index: int(index)}
	if len(now.citations) > 0 {
		raw, _ := json.Marshal(now.citations) // of raw JSON
		out.Block = &canonical.Block{Extra: canonical.Extra{"citations": raw}}
	}
	return append(dst, out)
}

// change is what a message_delta brings: why the message ends, and its usage.
func (r *reader) change(dst []canonical.Event, f *fields) []canonical.Event {
	if d := f.object("delta"); d != nil {
		if reason := d.word("stop_reason"); reason != "" {
			out := canonical.Event{Kind: canonical.EventStop, Stop: stopOf(reason), Native: reason, Sequence: d.word("stop_sequence")}
			if r.formed && !r.calls && out.Stop == canonical.StopTools {
				out.Stop = canonical.StopEnd
			}
			dst = append(dst, out)
		}
	}
	return r.count(dst, f)
}
