package canonical

import (
	"encoding/json"
	"maps"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Accumulator puts a streamed answer together again; log probabilities are not
// kept. The zero value is ready.
type Accumulator struct {
	reply Reply
	open  []piece
	ended bool
}

// piece is a block that grows.
type piece struct {
	answer, index int
	block         Block
	text          []byte
}

// Add takes the next event. EventError and EventPing change nothing.
func (a *Accumulator) Add(e *Event) {
	switch e.Kind {
	case EventStart:
		a.reply.ID, a.reply.Model, a.reply.Created = e.ID, e.Model, e.Created
	case EventBlock, EventWhole:
		a.begin(e)
	case EventText, EventArgs:
		p := a.piece(e)
		p.text = append(p.text, e.Text...)
	case EventSign:
		a.piece(e).block.Signature = e.Text
	case EventBlockEnd:
		a.late(e)
	case EventStop:
		c := a.answer(e.Answer)
		c.Stop, c.Native, c.Sequence = e.Stop, e.Native, e.Sequence
	case EventUsage:
		a.reply.Usage.Merge(e.Usage)
	case EventEnd:
		a.ended = true
	}
}

// Ended reports whether the provider's own end was among the events.
func (a *Accumulator) Ended() bool { return a.ended }

// Reply returns what came so far as one answer.
func (a *Accumulator) Reply() *Reply {
	out := a.reply
	out.Choices = append([]Answer(nil), a.reply.Choices...)
	for i := range a.open {
		p := &a.open[i]
		for at := range out.Choices {
			if out.Choices[at].Index == p.answer {
				out.Choices[at].Blocks = append(out.Choices[at].Blocks, p.whole())
			}
		}
	}
	return &out
}

func (a *Accumulator) begin(e *Event) {
	a.answer(e.Answer)
	p := piece{answer: e.Answer, index: e.Index}
	if e.Block != nil {
		p.block = *e.Block
	}
	a.open = append(a.open, p)
}

// piece finds the block that e goes on with, the last one first; a protocol that
// does not say that a block begins gets one of text.
func (a *Accumulator) piece(e *Event) *piece {
	for i := len(a.open) - 1; i >= 0; i-- {
		if a.open[i].answer == e.Answer && a.open[i].index == e.Index {
			return &a.open[i]
		}
	}
	a.answer(e.Answer)
	a.open = append(a.open, piece{answer: e.Answer, index: e.Index, block: Block{Kind: Text}})
	return &a.open[len(a.open)-1]
}

// late adds what is known of a block only at its end.
func (a *Accumulator) late(e *Event) {
	if e.Block == nil || len(e.Block.Extra) == 0 {
		return
	}
	p := a.piece(e)
	extra := make(Extra, len(p.block.Extra)+len(e.Block.Extra))
	maps.Copy(extra, p.block.Extra)
	maps.Copy(extra, e.Block.Extra)
	p.block.Extra = extra
}

func (a *Accumulator) answer(index int) *Answer {
	for i := range a.reply.Choices {
		if a.reply.Choices[i].Index == index {
			return &a.reply.Choices[i]
		}
	}
	a.reply.Choices = append(a.reply.Choices, Answer{Index: index})
	return &a.reply.Choices[len(a.reply.Choices)-1]
}

// whole is the block with all of its text.
func (p *piece) whole() Block {
	b := p.block
	if b.Call == nil {
		b.Text += string(p.text)
		return b
	}
	call := *b.Call
	if len(p.text) > 0 {
		call.Arguments = append(json.RawMessage(nil), p.text...)
	}
	b.Call = &call
	return b
}

// Merge takes over what v says: a count of v that is not zero replaces the one
// in u, since a stream repeats counts as totals and not as additions.
func (u *Usage) Merge(v *Usage) {
	if v == nil {
		return
	}
	mergeTokens(&u.Tokens, &v.Tokens)
	u.Reported = u.Reported || v.Reported
	if v.ServiceTier != "" {
		u.ServiceTier = v.ServiceTier
	}
	if len(v.Extra) > 0 {
		extra := make(Extra, len(u.Extra)+len(v.Extra))
		maps.Copy(extra, u.Extra)
		maps.Copy(extra, v.Extra)
		u.Extra = extra
	}
}

func mergeTokens(to, from *dcoder.Tokens) {
	counts, more := countsOf(to), countsOf(from)
	for i, n := range more {
		if *n != 0 {
			*counts[i] = *n
		}
	}
}

func countsOf(t *dcoder.Tokens) [11]*int64 {
	return [...]*int64{
		&t.Input, &t.Output, &t.CachedInput, &t.CacheWrite5m, &t.CacheWrite1h, &t.Reasoning,
		&t.AudioInput, &t.AudioOutput, &t.CachedAudio, &t.ImageOutput, &t.WebSearches,
	}
}
