package semcache

import (
	"math"
	"unicode/utf8"
)

// Lexical is an embedder without a model: a hashed bag of stems, pairs of stems
// and character trigrams, in sublinear counts. It is deterministic, the same in
// every process, and takes some microseconds; it serves development, tests and as
// a second opinion. It knows no synonym that the lexicon does not hold.
type Lexical struct{ Dimension int }

// LexicalName names the embedder and its version in partitions.
const LexicalName = "lexical-1"

// Weights of what a text is made of.
const (
	stemWeight    = 1.0
	pairWeight    = 0.6
	trigramWeight = 0.35
	smallWeight   = 0.25 // of function words
)

// Embed returns the text's unit vector; of a text without letters, the zero
// vector.
func (l Lexical) Embed(t *Text) []float32 {
	v := make([]float32, l.Dimension)
	counts := make(map[uint32]float64, 8*len(t.words))
	before := ident("^")
	for i := range t.words {
		w := &t.words[i]
		weight := stemWeight
		if w.kind&(function|filler) != 0 && w.kind&(negator|question) == 0 {
			weight = smallWeight
		}
		counts[w.id] += weight
		counts[before*31+w.id] += weight * pairWeight
		before = w.id
		if weight == stemWeight {
			addTrigrams(counts, w.stem)
		}
	}
	for h, n := range counts {
		h *= 2654435761 // the low bits of FNV alone are poor
		at := int(uint64(h>>1) * uint64(l.Dimension) >> 31)
		x := float32(math.Log1p(n))
		if h&1 == 0 {
			x = -x
		}
		v[at] += x
	}
	return Unit(v)
}

func addTrigrams(counts map[uint32]float64, w string) {
	w = "<" + w + ">"
	for i := 0; i+3 <= len(w); i++ {
		if utf8.RuneStart(w[i]) {
			counts[ident(w[i:i+3])^0x9e3779b9] += trigramWeight
		}
	}
}

// Unit scales v to length one, in place.
func Unit(v []float32) []float32 {
	if n := math.Sqrt(float64(Dot(v, v))); n > 0 {
		for i := range v {
			v[i] = float32(float64(v[i]) / n)
		}
	}
	return v
}

// Dot is the inner product; of unit vectors, the cosine. b must not be shorter
// than a.
func Dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
