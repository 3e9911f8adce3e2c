// Package metric counts: counters and histograms that are bare atomics, tables
// of them that cannot grow without bound, and the Prometheus text format for
// whoever scrapes. It knows nothing of what is counted, and starts nothing.
package metric

import (
	"slices"
	"sync/atomic"
)

// Kind says how a family is read.
type Kind uint8

// The kinds of a family.
const (
	Counter   Kind = iota // only grows
	Gauge                 // as it stands now
	Histogram             // how often which size was seen
)

// Label is one name and its value.
type Label struct{ Name, Value string }

// Point is one series of a family as it stood when it was read.
type Point struct {
	Labels  []Label
	Value   float64  // of counters and gauges
	Buckets []uint64 // of a histogram: by bound, and one for what is above all; not cumulative
	Sum     float64  // of a histogram
}

// Count is how much a histogram has seen.
func (p *Point) Count() (n uint64) {
	for _, b := range p.Buckets {
		n += b
	}
	return n
}

// Family is all series of one name. A counter's name ends in _total.
type Family struct {
	Name, Help string
	Unit       string // as UCUM writes it: "s", "{token}"; "" for none
	Kind       Kind
	Bounds     []float64 // of a histogram: upper bounds, inclusive, rising
	Points     []Point
}

// Source reads families as they stand; it is called for each scrape and must
// not block.
type Source func() []Family

// Collect reads all sources. Families of one name become one.
func Collect(sources ...Source) (all []Family) {
	for _, s := range sources {
		for _, f := range s() {
			if i := slices.IndexFunc(all, func(o Family) bool { return o.Name == f.Name }); i >= 0 {
				all[i].Points = append(all[i].Points, f.Points...)
				continue
			}
			all = append(all, f)
		}
	}
	return all
}

// Sizes is a histogram: whole numbers in, in a unit of the caller's choice, say
// microseconds. Make it with NewSizes.
type Sizes struct {
	bounds []int64
	counts []atomic.Uint64
	sum    atomic.Int64
}

// NewSizes returns a histogram of these upper bounds, which rise.
func NewSizes(bounds []int64) *Sizes {
	return &Sizes{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Add counts one; what is below zero counts as zero.
func (s *Sizes) Add(n int64) {
	n = max(n, 0)
	i, _ := slices.BinarySearch(s.bounds, n)
	s.counts[i].Add(1)
	s.sum.Add(n)
}

// Point reads the histogram; unit is what a one of the caller's is worth.
func (s *Sizes) Point(unit float64, labels ...Label) Point {
	p := Point{Labels: labels, Buckets: make([]uint64, len(s.counts)), Sum: float64(s.sum.Load()) * unit}
	for i := range s.counts {
		p.Buckets[i] = s.counts[i].Load()
	}
	return p
}

// Scale is bounds in the unit that the family is told in.
func Scale(bounds []int64, unit float64) []float64 {
	out := make([]float64, len(bounds))
	for i, b := range bounds {
		out[i] = float64(b) * unit
	}
	return out
}
