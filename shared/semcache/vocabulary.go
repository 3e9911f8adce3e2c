package semcache

import (
	"cmp"
	"math"
	"slices"
)

// Vocabulary counts in how many texts of a tenant a term stands, so that rare
// words weigh more than those that every question of a support desk has. It is
// not safe for concurrent use while texts are added.
type Vocabulary struct {
	texts int
	in    map[uint32]int
}

// NewVocabulary returns an empty one.
func NewVocabulary() *Vocabulary { return &Vocabulary{in: map[uint32]int{}} }

// Add counts a text.
func (v *Vocabulary) Add(t *Text) {
	v.texts++
	for _, term := range t.terms {
		v.in[term.id]++
	}
}

// Weight is the inverse document frequency of a term, smoothed.
func (v *Vocabulary) Weight(id uint32) float64 {
	return math.Log(1 + float64(v.texts+1)/float64(1+v.in[id]))
}

// term is a word or a pair of neighbours, with what it counts beside idf.
type term struct {
	id     uint32
	weight float64
}

const (
	smallTerm = 0.5 // of function words: "when" and "where" tell intents apart
	pairTerm  = 0.3
)

// setTerms lists the text's terms once each, in order of id.
func (t *Text) setTerms() {
	t.terms = make([]term, 0, 2*len(t.words))
	before := uint32(7)
	for i := range t.words {
		w, weight := &t.words[i], 1.0
		if w.kind&(function|filler) != 0 {
			weight = smallTerm
		}
		t.terms = append(t.terms, term{w.id, weight}, term{before*31 + w.id, pairTerm})
		before = w.id
	}
	slices.SortFunc(t.terms, func(a, b term) int { return cmp.Compare(a.id, b.id) })
	t.terms = slices.CompactFunc(t.terms, func(a, b term) bool { return a.id == b.id })
}

// Agreement is the cosine of two texts over their terms, weighted by idf: the
// second opinion beside the embedding.
func (v *Vocabulary) Agreement(a, b *Text) float64 {
	var dot, na, nb float64
	i, j := 0, 0
	for i < len(a.terms) || j < len(b.terms) {
		switch {
		case j == len(b.terms) || i < len(a.terms) && a.terms[i].id < b.terms[j].id:
			na += v.square(a.terms[i])
			i++
		case i == len(a.terms) || b.terms[j].id < a.terms[i].id:
			nb += v.square(b.terms[j])
			j++
		default:
			s := v.square(a.terms[i])
			dot, na, nb = dot+s, na+s, nb+s
			i, j = i+1, j+1
		}
	}
	if na == 0 || nb == 0 {
		return 0
	}
	return dot / math.Sqrt(na*nb)
}

func (v *Vocabulary) square(t term) float64 {
	w := t.weight * v.Weight(t.id)
	return w * w
}
