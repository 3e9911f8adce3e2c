package responses

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// NewReader implements canonical.Protocol.
func (protocol) NewReader() canonical.Reader { return &reader{open: map[where]*grown{}} }

// event is what is read of an event of a stream.
type event struct {
	Type     string          `json:"type"`
	Output   int             `json:"output_index"`
	Content  int             `json:"content_index"`
	Summary  int             `json:"summary_index"`
	Delta    string          `json:"delta"`
	Text     string          `json:"text"`
	Refusal  string          `json:"refusal"`
	Args     string          `json:"arguments"`
	Input    string          `json:"input"`
	Item     json.RawMessage `json:"item"`
	Part     *outPart        `json:"part"`
	Response *answer         `json:"response"`
	Error    *problem        `json:"error"`
	problem
}

// where tells the pieces of a stream apart: an item, and a part of its content
// or of its summary.
type where struct {
	output, part int
	kind         byte // 'c' content, 's' summary, 'f' a call
}

// grown is a block that is being streamed.
type grown struct {
	index  int
	some   bool // a delta came
	custom bool
}

type reader struct {
	open    map[where]*grown
	next    int // index of the next block
	called  bool
	started bool
}

// mostOpen bounds the blocks that a stream may have open at once.
const mostOpen = 4096

// Read implements canonical.Reader. Events of a type that is not known mean
// nothing, since the protocol grows.
func (r *reader) Read(dst []canonical.Event, in sse.Event) ([]canonical.Event, error) {
	var e event
	if err := json.Unmarshal(in.Data, &e); err != nil {
		return dst, fmt.Errorf("read an event of a response: %w", err)
	}
	if len(r.open) > mostOpen {
		return dst, fmt.Errorf("read an event of a response: %d blocks are open", len(r.open))
	}
	switch e.Type {
	case "response.created", "response.queued", "response.in_progress":
		return r.start(dst, &e), nil
	case "response.output_item.added", "response.output_item.done":
		return r.item(dst, &e)
	case "response.completed", "response.incomplete", "response.failed":
		return r.end(dst, &e), nil
	case "error":
		return append(dst, canonical.Event{Kind: canonical.EventError, Err: e.err()}), nil
	}
	return r.piece(dst, &e), nil
}

func (r *reader) start(dst []canonical.Event, e *event) []canonical.Event {
	if r.started || e.Response == nil {
		return append(dst, canonical.Event{Kind: canonical.EventPing})
	}
	r.started = true
	a := e.Response
	return append(dst, canonical.Event{Kind: canonical.EventStart, ID: a.ID, Model: a.Model, Created: int64(a.Created)})
}

// err is the error of an event, which stands in it or under "error".
func (e *event) err() *canonical.Problem {
	p := e.problem.canonical(0)
	if e.Error != nil {
		p = e.Error.canonical(0)
	}
	if p.Type == "" || p.Type == "error" {
		p.Type = p.Code
	}
	return &p
}

// item begins and ends calls, and passes on items that do not come in pieces.
func (r *reader) item(dst []canonical.Event, e *event) ([]canonical.Event, error) {
	it, err := readOutItem(e.Item)
	if err != nil {
		return dst, fmt.Errorf("read an item of a response: %w", err)
	}
	done := e.Type == "response.output_item.done"
	if c := it.call(); c != nil {
		at := where{e.Output, 0, 'f'}
		r.called = true
		dst = r.begin(dst, at, &canonical.Block{Kind: canonical.ToolUse, Call: c})
		if !done {
			return dst, nil
		}
		return r.close(r.rest(dst, at, it.Arguments, it.Input), at), nil
	}
	if blocks := it.blocks(e.Item); done && len(blocks) == 1 && blocks[0].Kind == canonical.Opaque {
		dst = append(dst, canonical.Event{Kind: canonical.EventWhole, Index: r.next, Block: &blocks[0]})
		r.next++
	}
	return dst, nil
}

// piece reads what belongs to a part of an item or to a call's arguments.
func (r *reader) piece(dst []canonical.Event, e *event) []canonical.Event {
	content, summary, call := where{e.Output, e.Content, 'c'}, where{e.Output, e.Summary, 's'}, where{e.Output, 0, 'f'}
	switch e.Type {
	case "response.content_part.added":
		return r.begin(dst, content, partBlock(e.Part))
	case "response.output_text.delta":
		return r.grow(r.begin(dst, content, &canonical.Block{Kind: canonical.Text}), content, e.Delta)
	case "response.refusal.delta":
		return r.grow(r.begin(dst, content, &canonical.Block{Kind: canonical.Refusal}), content, e.Delta)
	case "response.reasoning_text.delta":
		return r.grow(r.begin(dst, content, &canonical.Block{Kind: canonical.Thinking}), content, e.Delta)
	case "response.output_text.done", "response.refusal.done", "response.reasoning_text.done":
		return r.rest(dst, content, e.Text+e.Refusal, "")
	case "response.content_part.done":
		return r.close(dst, content)
	case "response.reasoning_summary_part.added":
		return r.begin(dst, summary, &canonical.Block{Kind: canonical.Thinking, Summary: true})
	case "response.reasoning_summary_text.delta":
		return r.grow(r.begin(dst, summary, &canonical.Block{Kind: canonical.Thinking, Summary: true}), summary, e.Delta)
	case "response.reasoning_summary_text.done":
		return r.rest(dst, summary, e.Text, "")
	case "response.reasoning_summary_part.done":
		return r.close(dst, summary)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		return r.grow(dst, call, e.Delta)
	case "response.function_call_arguments.done", "response.custom_tool_call_input.done":
		return r.rest(dst, call, e.Args, e.Input)
	}
	return dst
}

func partBlock(p *outPart) *canonical.Block {
	switch {
	case p != nil && p.Type == partRefusal:
		return &canonical.Block{Kind: canonical.Refusal}
	case p != nil && p.Type == partReasoning:
		return &canonical.Block{Kind: canonical.Thinking}
	}
	return &canonical.Block{Kind: canonical.Text}
}

// begin opens a block unless it is open.
func (r *reader) begin(dst []canonical.Event, at where, b *canonical.Block) []canonical.Event {
	if r.open[at] != nil {
		return dst
	}
	g := &grown{index: r.next, custom: b.Call != nil && b.Call.Custom}
	r.open[at] = g
	r.next++
	return append(dst, canonical.Event{Kind: canonical.EventBlock, Index: g.index, Block: b})
}

// grow adds to an open block. The text of a free-form call is made JSON on the
// way: a quote, the escaped text, a quote.
func (r *reader) grow(dst []canonical.Event, at where, text string) []canonical.Event {
	g := r.open[at]
	if g == nil || text == "" {
		return dst
	}
	kind := canonical.EventText
	if at.kind == 'f' {
		kind = canonical.EventArgs
	}
	if g.custom {
		raw, _ := json.Marshal(text) // a text always encodes
		text = string(raw[1 : len(raw)-1])
		if !g.some {
			text = `"` + text
		}
	}
	g.some = true
	return append(dst, canonical.Event{Kind: kind, Index: g.index, Text: text})
}

// rest adds the whole text where no piece of it came.
func (r *reader) rest(dst []canonical.Event, at where, text, input string) []canonical.Event {
	g := r.open[at]
	if g == nil || g.some {
		return dst
	}
	if g.custom {
		text = input
	}
	return r.grow(dst, at, text)
}

func (r *reader) close(dst []canonical.Event, at where) []canonical.Event {
	g := r.open[at]
	if g == nil {
		return dst
	}
	delete(r.open, at)
	if g.custom {
		end := `"`
		if !g.some {
			end = `""`
		}
		dst = append(dst, canonical.Event{Kind: canonical.EventArgs, Index: g.index, Text: end})
	}
	return append(dst, canonical.Event{Kind: canonical.EventBlockEnd, Index: g.index})
}

func (r *reader) end(dst []canonical.Event, e *event) []canonical.Event {
	a := e.Response
	if a == nil {
		a = &answer{Status: statusFailed}
	}
	dst = r.start(dst, e)
	if n := len(dst); n > 0 && dst[n-1].Kind == canonical.EventPing {
		dst = dst[:n-1]
	}
	left := slices.SortedFunc(maps.Keys(r.open), func(a, b where) int { return r.open[a].index - r.open[b].index })
	for _, at := range left { // what the provider left open
		dst = r.close(dst, at)
	}
	if e.Type == "response.failed" {
		p := &canonical.Problem{Message: "the provider's answer failed"}
		if a.Error != nil {
			q := a.Error.canonical(0)
			p = &q
		}
		if p.Type == "" {
			p.Type = p.Code
		}
		return append(dst, canonical.Event{Kind: canonical.EventError, Err: p})
	}
	stop, native := a.stop(r.called)
	u := a.usage()
	return append(dst,
		canonical.Event{Kind: canonical.EventStop, Stop: stop, Native: native},
		canonical.Event{Kind: canonical.EventUsage, Usage: &u},
		canonical.Event{Kind: canonical.EventEnd})
}
