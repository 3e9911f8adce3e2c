package journal

import (
	"sync/atomic"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// mark is a taken slot.
type mark struct {
	j      *Journal
	slot   slot
	seq    uint64
	closed atomic.Bool
}

// Progress implements llm.Mark.
func (m *mark) Progress(t dcoder.Tokens, cost dcoder.Micros) {
	if m.closed.Load() {
		return
	}
	m.seq++
	c := counters{seq: m.seq, tokens: t, cost: cost}
	m.slot.count(&c)
}

// Settled implements llm.Mark. A row that does not fit leaves its numbers.
func (m *mark) Settled(r *dcoder.UsageRecord) {
	if m.closed.Load() {
		return
	}
	m.Progress(r.Tokens, r.Cost)
	_ = encode(r, m.slot.end) // an unencodable row leaves the counters
}

// Close implements llm.Mark.
func (m *mark) Close() {
	if m.closed.Swap(true) {
		return
	}
	m.slot.clear()
	m.j.give(m.slot)
}

// nowhere is the mark of a call that found no slot.
type nowhere struct{}

var _ llm.Mark = nowhere{}

func (nowhere) Progress(dcoder.Tokens, dcoder.Micros) {}
func (nowhere) Settled(*dcoder.UsageRecord)           {}
func (nowhere) Close()                                {}
