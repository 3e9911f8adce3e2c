package extract

// titles finds passages by the words of their titles.
type titles struct {
	of    [][]int32 // passages by term
	terms []int     // how many different terms a title has, by passage
	seen  []int     // of them in the unit that is looked at
	round []int
	last  []int // turn in which a term was seen, by term
	turn  int
}

// mostShared is in how many titles a word may stand and still name something.
const mostShared = 64

func (r *reading) titles(lex *lexicon) *titles {
	t := &titles{terms: make([]int, len(r.passages)), seen: make([]int, len(r.passages)), round: make([]int, len(r.passages))}
	var words []word
	heads := make([][]word, len(r.passages))
	for p := range r.passages {
		from := len(words)
		words = lex.read(words, r.passages[p].title.of(r.text))
		heads[p] = words[from:len(words):len(words)]
	}
	t.of, t.last = make([][]int32, len(lex.small)), make([]int, len(lex.small))
	for p, words := range heads {
		for _, w := range words {
			if w.shape&small != 0 || len(t.of[w.term]) > 0 && t.of[w.term][len(t.of[w.term])-1] == int32(p) {
				continue
			}
			t.of[w.term] = append(t.of[w.term], int32(p))
			t.terms[p]++
		}
	}
	return t
}

// named calls visit for each passage whose whole title stands in words, and for
// each of whose title stands a name there that no other title has.
func (t *titles) named(words []word, visit func(passage int, whole bool)) {
	t.turn++
	for _, w := range words {
		if int(w.term) >= len(t.of) || t.last[w.term] == t.turn || len(t.of[w.term]) > mostShared {
			continue
		}
		t.last[w.term] = t.turn
		if of := t.of[w.term]; len(of) == 1 && w.shape&capital != 0 && w.shape&opening == 0 {
			visit(int(of[0]), false)
		}
		for _, p := range t.of[w.term] {
			if t.round[p] != t.turn {
				t.round[p], t.seen[p] = t.turn, 0
			}
			if t.seen[p]++; t.seen[p] == t.terms[p] {
				visit(int(p), true)
			}
		}
	}
}

// hop raises passages that the question names, and passages that good units of
// other passages name: the second step of a question that needs two.
func (r *reading) hop(a *asked, all []float64, wt *Weights) {
	t := r.titles(r.lex)
	lift := make([]float64, len(r.passages))
	t.named(a.words, func(p int, whole bool) {
		also := r.passages[p].also
		switch {
		case !whole:
			lift[p] = max(lift[p], wt.Named*wt.Partly)
		case also.start < also.end && !r.asks(a, also):
			lift[p] = wt.Named * wt.Aside
		default:
			lift[p] = wt.Named
		}
	})
	r.raise(all, lift, wt)
	clear(lift)
	for i, words := range r.units {
		t.named(words, func(p int, whole bool) {
			if p == r.outline.units[i].passage {
				return
			}
			share := wt.Hop
			if !whole {
				share *= wt.Partly
			}
			lift[p] = max(lift[p], share*all[i])
		})
	}
	r.raise(all, lift, wt)
}

// asks reports whether the question has a word of a part of the text.
func (r *reading) asks(a *asked, s span) bool {
	for _, w := range r.lex.read(nil, s.of(r.text)) {
		if int(w.term) < len(a.index) && a.index[w.term] != 0 {
			return true
		}
	}
	return false
}

// raise lifts the first unit of a passage whole and the others in part.
func (r *reading) raise(all, lift []float64, wt *Weights) {
	for p, l := range lift {
		for i := r.passages[p].first; l > 0 && i < r.passages[p].next; i++ {
			if i == r.passages[p].first {
				all[i] += l
			} else {
				all[i] += l * wt.Rest
			}
		}
	}
}
