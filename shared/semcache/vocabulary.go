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
	rare  [256]float64 // weights of terms in so many texts
	made  int          // of how many texts the weights are
}

// NewVocabulary returns an empty one.
func NewVocabulary() *Vocabulary {
	v := &Vocabulary{in: map[uint32]int{}}
	v.weigh()
	return v
}

// Add counts a text.
func (v *Vocabulary) Add(t *Text) {
	v.texts++
	for _, term := range t.terms() {
		v.in[term.id]++
	}
	if v.texts > v.made+v.made/64 {
		v.weigh()
	}
}

// weigh makes the weights of rare terms anew; between two times the number of
// texts has grown by a sixty-fourth.
func (v *Vocabulary) weigh() {
	v.made = v.texts
	for n := range v.rare {
		v.rare[n] = weight(v.texts, n)
	}
}

func weight(texts, in int) float64 { return math.Log(1 + float64(texts+1)/float64(1+in)) }

// Weight is the inverse document frequency of a term, smoothed.
func (v *Vocabulary) Weight(id uint32) float64 {
	n := v.in[id]
	if n < len(v.rare) {
		return v.rare[n]
	}
	return weight(v.made, n)
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

// terms lists the text's terms once each, in order of id. They are made when
// first asked for: a text that is only compared needs none.
func (t *Text) terms() []term {
	if made := t.listed.Load(); made != nil {
		return *made
	}
	out := make([]term, 0, 2*len(t.words))
	before := uint32(7)
	for i := range t.words {
		w, weight := &t.words[i], 1.0
		if w.kind&(function|filler) != 0 {
			weight = smallTerm
		}
		out = append(out, term{w.id, weight}, term{before*31 + w.id, pairTerm})
		before = w.id
	}
	slices.SortFunc(out, func(a, b term) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(b.weight, a.weight))
	})
	out = slices.CompactFunc(out, func(a, b term) bool { return a.id == b.id })
	t.listed.Store(&out)
	return out
}

// Agreement is the cosine of two texts over their terms, weighted by idf: the
// second opinion beside the embedding.
func (v *Vocabulary) Agreement(a, b *Text) float64 {
	var dot, na, nb float64
	x, y := a.terms(), b.terms()
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case j == len(y) || i < len(x) && x[i].id < y[j].id:
			na += v.square(x[i])
			i++
		case i == len(x) || y[j].id < x[i].id:
			nb += v.square(y[j])
			j++
		default:
			s := v.square(x[i])
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
