package semcache

import "math"

// Observation is what one request that reached the tier has shown. A miss is
// always labelled, since the fresh answer is there to compare; a hit only when it
// was verified.
type Observation struct {
	Partition uint64
	Score     float64 // as decided, before anything was learnt from it
	Proposed  bool    // there was an entry to propose
	Labelled  bool
	Same      bool
	Features  Features // of labelled ones
}

// levels cut the score into steps of a fifth from -4.
const (
	levels   = 80
	perUnit  = 5
	leastLog = -4
	often    = 32 // observations between two looks at the bounds
)

func level(score float64) int {
	if math.IsNaN(score) {
		return 0
	}
	return int(min(levels-1, max(0, (score-leastLog)*perUnit)))
}

// mark is an observation as the window keeps it.
type mark struct {
	level           int8 // -1: nothing could be served
	labelled, wrong bool
}

// window holds the last observations and their sums by level.
type window struct {
	ring []mark
	next int
	most int
	sums [levels]tally
}

type tally struct{ requests, verified, wrong int }

func (w *window) push(m mark) {
	if len(w.ring) < w.most {
		w.ring = append(w.ring, m)
	} else {
		w.count(w.ring[w.next], -1)
		w.ring[w.next] = m
		w.next = (w.next + 1) % w.most
	}
	w.count(m, 1)
}

func (w *window) count(m mark, n int) {
	if m.level < 0 {
		return
	}
	t := &w.sums[m.level]
	t.requests += n
	if m.labelled {
		t.verified += n
		if m.wrong {
			t.wrong += n
		}
	}
}

// Observe takes an observation in.
func (p *Policy) Observe(o *Observation) {
	m := mark{level: -1}
	if o.Proposed && !o.Features.Hard {
		m = mark{level: int8(level(o.Score)), labelled: o.Labelled, wrong: o.Labelled && !o.Same}
	}
	p.window.push(m)
	if o.Labelled && o.Proposed {
		p.learner.learn(&o.Features, o.Same, 1)
		p.note(o.Partition, m)
	}
	if p.seen++; p.seen%often == 0 {
		p.look()
	}
}

// look finds the lowest level whose bounds hold, from the strictest down. A level
// that fails for want of evidence is passed over, since scores rise while the
// learner learns and the highest levels are always new; one whose very estimate is
// above delta ends the search, so that no lucky level below it is picked. Within
// a level, verified samples stand for all; where they do not, since misses are
// always labelled and hits seldom, the lower scores are over-represented, which
// errs on the safe side.
func (p *Policy) look() {
	p.open, p.bound = levels, Bound{Requests: 1, Served: 1}
	var t tally
	for l := levels - 1; l >= 0; l-- {
		s := p.window.sums[l]
		t.requests, t.verified, t.wrong = t.requests+s.requests, t.verified+s.verified, t.wrong+s.wrong
		if s.requests == 0 {
			continue
		}
		b := p.boundOf(t)
		switch {
		case b.estimate() > p.cfg.Delta:
			return
		case b.Requests <= p.cfg.Delta && b.Served <= p.cfg.Served:
			p.open, p.bound = l, b
		}
	}
}

// boundOf bounds the error of a tally. What the verifier overlooks is added.
func (p *Policy) boundOf(t tally) Bound {
	b := Bound{Share: float64(t.requests) / float64(len(p.window.ring)), Verified: t.verified, Wrong: t.wrong}
	b.Served = min(1, UpperBound(t.wrong, t.verified, p.cfg.Confidence)/(1-p.cfg.Miss))
	b.Requests = b.Served * b.Share
	return b
}

// estimate is the likeliest share of wrong answers of all requests.
func (b Bound) estimate() float64 { return float64(b.Wrong) / float64(max(1, b.Verified)) * b.Share }
