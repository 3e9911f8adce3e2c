// Package price says what tokens cost: a catalogue of current models and exact
// arithmetic in whole micro-units. It knows no currency conversion, no discounts,
// and no tenant: overrides of a tenant's own contract stand in its snapshot.
//
// Rounding: the cost of a row is the exact sum over its kinds of tokens times
// price a million, divided by a million once and rounded up. A row is never
// cheaper than the provider's invoice for it, and by less than one micro-unit
// dearer.
package price

import (
	"math"
	"math/bits"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Version names the catalogue: the day of its facts. It stands in every usage
// row that was priced by it; which of a model's prices it was follows from the
// row's time.
const Version = "2026-08-21"

const (
	million  = 1_000_000
	thousand = 1_000
)

// Cost returns what t costs at p's standard rates. Negative counts are taken as
// none; a cost beyond an int64 saturates.
func Cost(p *dcoder.Price, t *dcoder.Tokens) dcoder.Micros { return CostIn(p, t, "") }

// CostIn is Cost in a service tier, as the provider names it in its answer. A
// tier without a price of its own costs the standard rates.
func CostIn(p *dcoder.Price, t *dcoder.Tokens, tier string) dcoder.Micros {
	r, percent := ratesOf(p, t.Input, tier)
	s := r.of(t)
	s.scale(percent)
	return add(s.micros(million), searches(p, t))
}

func searches(p *dcoder.Price, t *dcoder.Tokens) dcoder.Micros {
	var s sum
	s.add(t.WebSearches, p.WebSearches)
	return s.micros(thousand)
}

// of is tokens times rates, summed over the kinds.
func (r *rates) of(t *dcoder.Tokens) (s sum) {
	written5m, written1h := max(t.CacheWrite5m, 0), max(t.CacheWrite1h, 0)
	cachedAudio := max(t.CachedAudio, 0)
	cached, audio := max(t.CachedInput-cachedAudio, 0), max(t.AudioInput-cachedAudio, 0)
	s.add(cached, r.cached)
	s.add(cachedAudio, r.cachedAudio)
	s.add(written5m, r.written5m)
	s.add(written1h, r.written1h)
	s.add(audio, r.audioIn)
	s.add(t.Input-cached-cachedAudio-written5m-written1h-audio, r.input)
	s.add(t.AudioOutput, r.audioOut)
	s.add(t.ImageOutput, r.imageOut)
	s.add(t.Output-max(t.AudioOutput, 0)-max(t.ImageOutput, 0), r.output)
	return s
}

type rates struct {
	input, cached, written5m, written1h, audioIn, cachedAudio dcoder.Micros
	output, audioOut, imageOut                                dcoder.Micros
}

// ratesOf picks the prices of a call with so many input tokens, and the share of
// them that its tier pays.
func ratesOf(p *dcoder.Price, input int64, tier string) (r rates, percent int64) {
	percent = 100
	r = rates{
		p.Input, p.CachedInput, p.CacheWrite, p.CacheWrite1h, p.AudioInput, p.CachedAudio,
		p.Output, p.AudioOutput, p.ImageOutput,
	}
	long := p.LongFrom > 0 && input > p.LongFrom
	if long {
		r.input, r.output = or(p.LongInput, r.input), or(p.LongOutput, r.output)
		r.cached, r.written5m = or(p.LongCachedInput, r.cached), or(p.LongCacheWrite, r.written5m)
		r.written1h = or(p.LongCacheWrite1h, r.written1h)
	}
	if t := tierOf(p, tier); t != nil {
		percent = or(t.Percent, percent)
		if !long {
			r.input, r.output, r.cached = or(t.Input, r.input), or(t.Output, r.output), or(t.CachedInput, r.cached)
		}
	}
	r.cached, r.written5m = or(r.cached, r.input), or(r.written5m, r.input)
	r.written1h = or(r.written1h, r.written5m)
	r.audioIn, r.cachedAudio = or(r.audioIn, r.input), or(r.cachedAudio, r.cached)
	r.audioOut, r.imageOut = or(r.audioOut, r.output), or(r.imageOut, r.output)
	return r, percent
}

func tierOf(p *dcoder.Price, name string) *dcoder.TierPrice {
	if name == "" {
		return nil
	}
	for i := range p.Tiers {
		if p.Tiers[i].Tier == name {
			return &p.Tiers[i]
		}
	}
	return nil
}

// Dearest returns p with the highest rate of each side for every kind and in
// every tier: what a reservation has to reckon with before they are known. The
// provider's own searches are not in it: nobody knows how many it will run.
func Dearest(p *dcoder.Price) dcoder.Price {
	d := *p
	d.Input = max(p.Input, p.CachedInput, p.CacheWrite, p.CacheWrite1h, p.AudioInput, p.CachedAudio,
		p.LongInput, p.LongCachedInput, p.LongCacheWrite, p.LongCacheWrite1h)
	d.Output = max(p.Output, p.AudioOutput, p.ImageOutput, p.LongOutput)
	in, out := d.Input, d.Output
	for i := range p.Tiers {
		t := &p.Tiers[i]
		d.Input = max(d.Input, t.Input, t.CachedInput, share(in, t.Percent))
		d.Output = max(d.Output, t.Output, share(out, t.Percent))
	}
	d.LongFrom, d.Tiers = 0, nil
	return d
}

// share is so many per cent of a rate, up.
func share(rate dcoder.Micros, percent int64) dcoder.Micros {
	var s sum
	s.add(rate, percent)
	return s.micros(100)
}

func or(a, b int64) int64 {
	if a != 0 {
		return a
	}
	return b
}

func add(a, b dcoder.Micros) dcoder.Micros {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// sum is 128 bits wide: tokens times price a million.
type sum struct{ hi, lo uint64 }

func (s *sum) add(tokens int64, rate dcoder.Micros) {
	if tokens <= 0 || rate <= 0 {
		return
	}
	hi, lo := bits.Mul64(uint64(tokens), uint64(rate))
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, _ = bits.Add64(s.hi, hi, carry)
}

// scale takes so many per cent of s, up; what is beyond any cost anyway stays.
func (s *sum) scale(percent int64) {
	if percent == 100 || percent <= 0 || s.hi >= 1<<32 || percent >= 1<<32 {
		return
	}
	h, l := bits.Mul64(s.lo, uint64(percent))
	h += s.hi * uint64(percent)
	s.hi = h / 100
	q, r := bits.Div64(h%100, l, 100)
	s.lo = q
	if r > 0 {
		var carry uint64
		s.lo, carry = bits.Add64(s.lo, 1, 0)
		s.hi += carry
	}
}

// micros divides, up.
func (s *sum) micros(by uint64) dcoder.Micros {
	if s.hi >= by {
		return math.MaxInt64
	}
	q, r := bits.Div64(s.hi, s.lo, by)
	if r > 0 && q < math.MaxInt64 {
		q++
	}
	return dcoder.Micros(min(q, math.MaxInt64))
}
