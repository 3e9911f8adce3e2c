package extract

import "math"

// reading is an outline with its words, and how rare each term is in it.
type reading struct {
	outline
	lex    *lexicon
	units  [][]word // by unit
	heads  [][]word // by passage
	idf    []float64
	length int // words of all units
}

func (o outline) words(lex *lexicon) *reading {
	r := &reading{outline: o, lex: lex, units: make([][]word, len(o.units)), heads: make([][]word, len(o.passages))}
	all := make([]word, 0, len(o.text)/5+16)
	for i, u := range o.units {
		from := len(all)
		all = lex.read(all, u.of(o.text))
		r.units[i] = all[from:len(all):len(all)]
	}
	r.length = len(all)
	for i, p := range o.passages {
		from := len(all)
		all = lex.read(all, p.head.of(o.text))
		r.heads[i] = all[from:len(all):len(all)]
	}
	r.rarity()
	return r
}

// rarity computes idf over units, as BM25 does.
func (r *reading) rarity() {
	df := make([]int32, len(r.lex.small))
	last := make([]int32, len(r.lex.small))
	for i, words := range r.units {
		for _, w := range words {
			if last[w.term] != int32(i)+1 {
				last[w.term] = int32(i) + 1
				df[w.term]++
			}
		}
	}
	r.idf = make([]float64, len(df))
	n := float64(len(r.units))
	for t, d := range df {
		r.idf[t] = math.Log(1 + (n-float64(d)+.5)/(float64(d)+.5))
	}
}

// asked is what a question looks for.
type asked struct {
	words  []word
	terms  []int32
	weight []float64 // by index in terms
	index  []int8    // by term of the lexicon: 1 + index in terms
	total  float64   // of all weights
	found  float64   // share of weight whose terms occur in the text
	wants  wanted
}

// most terms of a question are looked at; longer ones are instructions.
const mostTerms = 100

func (r *reading) asked(question string, known int, wt *Weights) asked {
	a := asked{index: make([]int8, len(r.lex.small)), wants: wantedBy(question)}
	a.words = r.lex.read(nil, question)
	for _, w := range a.words {
		if a.index[w.term] != 0 || len(a.terms) == mostTerms {
			continue
		}
		a.terms = append(a.terms, w.term)
		a.index[w.term] = int8(len(a.terms))
		weight := r.weight(w, wt)
		a.weight = append(a.weight, weight)
		a.total += weight
		if int(w.term) < known {
			a.found += weight
		}
	}
	if a.total > 0 {
		a.found /= a.total
	}
	return a
}

func (r *reading) weight(w word, wt *Weights) float64 {
	idf := r.idf[w.term]
	switch {
	case w.shape&small != 0:
		return idf * wt.Grammar
	case w.shape&digits != 0, w.shape&capital != 0 && w.shape&opening == 0:
		return idf * wt.Entity
	}
	return idf
}
