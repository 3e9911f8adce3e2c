package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
)

// spoken is one choice of a stream that is being written.
type spoken struct {
	*streamWriter
	index    int
	greeted  bool // the role is out
	over     bool // the finish reason is out
	calls    int  // how many were begun
	open     []*openBlock
	thoughts []callid.Thought // signed, since the last call
}

// openBlock is a block that was begun and has not ended.
type openBlock struct {
	index   int
	kind    canonical.Kind
	call    int    // its number, for calls
	args    bool   // some arguments are out
	thought []byte // the text so far, for its signature
}

// delta writes one chunk. Without a role yet, one with it comes first.
func (a *spoken) delta(dst []byte, fill func(o *object)) []byte {
	return a.deltaWith(dst, nil, fill)
}

func (a *spoken) deltaWith(dst []byte, logprobs json.RawMessage, fill func(o *object)) []byte {
	o := a.frame(dst)
	o.in("delta", fill)
	if logprobs != nil {
		o.raw("logprobs", logprobs)
	}
	o.raw("finish_reason", null)
	return a.closeChunk(o.end())
}

func (a *spoken) frame(dst []byte) *object {
	o := begin(a.chunk(dst))
	o.int("index", int64(a.index))
	return o
}

// greet writes the role, once, in the first chunk.
func (a *spoken) greet(dst []byte, first canonical.Kind) []byte {
	if a.greeted {
		return dst
	}
	a.greeted = true
	return a.delta(dst, func(o *object) {
		o.text("role", "assistant")
		if first == canonical.ToolUse {
			o.raw("content", null)
		} else {
			o.text("content", "")
		}
	})
}

func (a *spoken) block(index int) *openBlock {
	for _, b := range a.open {
		if b.index == index {
			return b
		}
	}
	return nil
}

func (a *spoken) begin(dst []byte, e *canonical.Event) []byte {
	if e.Block == nil || a.over {
		return dst
	}
	b := &openBlock{index: e.Index, kind: e.Block.Kind}
	a.open = append(a.open, b)
	dst = a.greet(dst, b.kind)
	if e.Block.Call == nil {
		return dst
	}
	b.call = a.calls
	a.calls++
	id := callid.Load(e.Block.Call.ID, callid.Cargo{Signature: e.Block.Signature, Thoughts: a.thoughts})
	a.thoughts = nil
	return a.callStart(dst, b, id, e.Block)
}

func (a *spoken) callStart(dst []byte, b *openBlock, id string, block *canonical.Block) []byte {
	if a.legacy {
		return a.legacyDelta(dst, b, block.Call.Name, "")
	}
	return a.callDelta(dst, b, func(o *object) {
		o.text("id", id)
		o.text("type", "function")
		o.in("function", func(o *object) {
			o.text("name", block.Call.Name)
			o.text("arguments", "")
		})
		if block.Signature != "" {
			googleExtra(o, block.Signature)
		}
	})
}

func (a *spoken) callDelta(dst []byte, b *openBlock, fill func(o *object)) []byte {
	return a.delta(dst, func(o *object) {
		o.key("tool_calls")
		o.b = append(o.b, `[{"index":`...)
		o.b = strconv.AppendInt(o.b, int64(b.call), 10)
		inner := &object{b: o.b, began: true}
		fill(inner)
		o.b = append(inner.end(), ']')
	})
}

// legacyDelta tells the only call that the older protocol knows.
func (a *spoken) legacyDelta(dst []byte, b *openBlock, name, args string) []byte {
	if b.call > 0 {
		return dst
	}
	return a.delta(dst, func(o *object) {
		o.in("function_call", func(o *object) {
			if name != "" {
				o.text("name", name)
			}
			o.text("arguments", args)
		})
	})
}

var fieldOf = map[canonical.Kind]string{
	canonical.Text: "content", canonical.Thinking: "reasoning_content", canonical.Refusal: "refusal",
}

func (a *spoken) say(dst []byte, e *canonical.Event) []byte {
	k, b := canonical.Text, a.block(e.Index)
	if b != nil {
		k = b.kind
	}
	field := fieldOf[k]
	if field == "" || e.Text == "" || a.over {
		return dst
	}
	if k == canonical.Thinking {
		b.thought = append(b.thought, e.Text...)
	}
	dst = a.greet(dst, k)
	return a.deltaWith(dst, e.LogProbs, func(o *object) { o.text(field, e.Text) })
}

func (a *spoken) arguments(dst []byte, e *canonical.Event) []byte {
	b := a.block(e.Index)
	if b == nil || b.kind != canonical.ToolUse || e.Text == "" || a.over {
		return dst
	}
	b.args = true
	if a.legacy {
		return a.legacyDelta(dst, b, "", e.Text)
	}
	return a.callDelta(dst, b, func(o *object) {
		o.in("function", func(o *object) { o.text("arguments", e.Text) })
	})
}

// sign keeps a signed thought for the id of the next call, and tells it to
// clients that echo what they do not know.
func (a *spoken) sign(dst []byte, e *canonical.Event) []byte {
	b := a.block(e.Index)
	if b == nil || e.Text == "" || a.over {
		return dst
	}
	switch b.kind {
	case canonical.Thinking, canonical.Redacted:
		return a.think(dst, callid.Thought{Text: string(b.thought), Signature: e.Text, Redacted: b.kind == canonical.Redacted})
	case canonical.ToolUse:
		return a.callDelta(dst, b, func(o *object) { googleExtra(o, e.Text) })
	}
	return a.delta(dst, func(o *object) { googleExtra(o, e.Text) })
}

func (a *spoken) think(dst []byte, t callid.Thought) []byte {
	a.thoughts = append(a.thoughts, t)
	dst = a.greet(dst, canonical.Thinking)
	return a.delta(dst, func(o *object) { writeThoughts(o, []callid.Thought{t}) })
}

// whole writes a block that does not come in pieces.
func (a *spoken) whole(dst []byte, e *canonical.Event) []byte {
	b := e.Block
	if b == nil || a.over {
		return dst
	}
	switch b.Kind {
	case canonical.Redacted:
		return a.think(dst, thoughtOf(b))
	case canonical.Image:
		dst = a.greet(dst, b.Kind)
		return a.delta(dst, func(o *object) { writePictures(o, []*canonical.Block{b}) })
	case canonical.Text, canonical.Thinking, canonical.Refusal, canonical.ToolUse:
		return a.pieces(dst, e)
	}
	return dst
}

// pieces writes a whole block as one that came in pieces.
func (a *spoken) pieces(dst []byte, e *canonical.Event) []byte {
	b := e.Block
	dst = a.begin(dst, e)
	dst = a.say(dst, &canonical.Event{Index: e.Index, Text: b.Text})
	if b.Call != nil {
		dst = a.arguments(dst, &canonical.Event{Index: e.Index, Text: string(b.Call.Arguments)})
	} else {
		dst = a.sign(dst, &canonical.Event{Index: e.Index, Text: b.Signature})
	}
	return a.close(dst, e)
}

// close ends a block. A call without arguments has an empty object of them.
func (a *spoken) close(dst []byte, e *canonical.Event) []byte {
	b := a.block(e.Index)
	if b == nil {
		return dst
	}
	if b.kind == canonical.ToolUse && !b.args {
		dst = a.arguments(dst, &canonical.Event{Index: e.Index, Text: "{}"})
	}
	for i := range a.open {
		if a.open[i] == b {
			a.open = append(a.open[:i], a.open[i+1:]...)
			break
		}
	}
	return dst
}

// finish writes the finish reason, once, in a chunk of its own.
func (a *spoken) finish(dst []byte, s canonical.Stop, native string) []byte {
	if a.over {
		return dst
	}
	dst = a.greet(dst, canonical.Text)
	for len(a.open) > 0 {
		dst = a.close(dst, &canonical.Event{Index: a.open[0].index})
	}
	a.over = true
	o := a.frame(dst)
	o.in("delta", func(*object) {})
	o.text("finish_reason", finishOf(s, a.calls > 0, a.legacy || native == finishFunction))
	return a.closeChunk(o.end())
}
