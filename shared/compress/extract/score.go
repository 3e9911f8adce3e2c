package extract

import "math"

// Weights say how much each sign counts that a unit is needed. They were fitted;
// see docs/decisions.
type Weights struct {
	K1, B     float64 // of BM25 over units: how soon repetition says nothing new, and what length costs
	DocK1     float64 // of BM25 over passages
	DocB      float64
	Grammar   float64 // share of a grammar word's weight
	Entity    float64 // factor for names and numbers of the question
	Head      float64 // share of a head's matches that its units get
	Doc       float64 // the passage's own score
	Neighbour float64 // the better neighbour's score
	First     float64 // first unit of a passage
	Answer    float64 // holds the kind of thing that is asked for
	Near      float64 // neighbouring words of the question stand together
	Named     float64 // the question holds the passage's whole title
	Aside     float64 // share of that where the title adds what is not asked for
	Partly    float64 // share of both where only a name of the title is held
	Hop       float64 // share of the score of a unit that holds the passage's title
	Rest      float64 // share of both for units after the first
	Decay     float64 // how much less a unit is worth for each one kept of its passage
	Novelty   float64 // how much a word of the question loses once it is covered
	Density   float64 // exponent of the cost: 0 ignores it, 1 is score by token
	Spread    float64 // turns to each side over which dialogue is smoothed
	Smooth    float64 // share of the smoothed score in dialogue
}

// Default are the weights that are used.
var Default = Weights{
	K1: .2, B: .3, DocK1: 0, DocB: .4, Grammar: .05, Entity: 1.3, Head: .3, Doc: .45, Neighbour: .35, First: .1, Answer: .1, Near: .04,
	Named: .25, Aside: .5, Partly: .5, Hop: .8, Rest: .5, Decay: .05, Novelty: .2, Density: .2, Spread: 6, Smooth: .7,
}

// scores returns how much each unit is needed for the question.
func (r *reading) scores(a *asked, wt *Weights) []float64 {
	own := r.unitScores(a, wt)
	docs := r.passageScores(a, wt)
	all := make([]float64, len(own))
	for p, passage := range r.passages {
		for i := passage.first; i < passage.next; i++ {
			s := own[i] + wt.Doc*docs[p] + wt.Answer*a.offers(r.units[i])
			best := 0.
			if i > passage.first {
				best = own[i-1]
			} else if !r.dialogue {
				s += wt.First
			}
			if i+1 < passage.next {
				best = max(best, own[i+1])
			}
			all[i] = s + wt.Neighbour*best
		}
	}
	if r.dialogue {
		return smooth(all, wt)
	}
	r.hop(a, all, wt)
	return all
}

// unitScores is BM25 of each unit, with the matches of its passage's head, and of
// words that stand together.
func (r *reading) unitScores(a *asked, wt *Weights) []float64 {
	mean := float64(r.length) / float64(max(1, len(r.units)))
	tf := make([]float64, len(a.terms))
	all := make([]float64, len(r.units))
	for i, words := range r.units {
		clear(tf)
		a.count(tf, words)
		for _, w := range r.heads[r.outline.units[i].passage] {
			if n := a.index[w.term]; n != 0 && tf[n-1] == 0 {
				tf[n-1] = wt.Head
			}
		}
		all[i] = a.bm25(tf, wt.K1, wt.B, float64(len(words))/mean) + wt.Near*a.near(words)
	}
	return all
}

func (r *reading) passageScores(a *asked, wt *Weights) []float64 {
	mean := float64(r.length) / float64(max(1, len(r.passages)))
	tf := make([]float64, len(a.terms))
	all := make([]float64, len(r.passages))
	for p, passage := range r.passages {
		clear(tf)
		length := 0
		for i := passage.first; i < passage.next; i++ {
			length += len(r.units[i])
			a.count(tf, r.units[i])
		}
		a.count(tf, r.heads[p])
		all[p] = a.bm25(tf, wt.DocK1, wt.DocB, float64(length)/mean)
	}
	return all
}

func (a *asked) count(tf []float64, words []word) {
	for _, w := range words {
		if n := a.index[w.term]; n != 0 {
			tf[n-1]++
		}
	}
}

// bm25 is a share of the question's weight: 1 when each term is held once by a
// text of mean length.
func (a *asked) bm25(tf []float64, k1, b, length float64) float64 {
	if a.total == 0 {
		return 0
	}
	s, norm := 0., k1*(1-b+b*length)
	for n, f := range tf {
		if f > 0 {
			s += a.weight[n] * f / (f + norm)
		}
	}
	return s * (k1 + 1) / a.total
}

// near is the share of the question whose words stand beside each other in words
// as they do in the question.
func (a *asked) near(words []word) float64 {
	last, s := int8(0), 0.
	for _, w := range words {
		n := a.index[w.term]
		if w.shape&small != 0 {
			continue
		}
		if n > 1 && last != 0 && (last == n-1 || last == n-2) {
			s += a.weight[n-1]
		}
		last = n
	}
	return s / max(a.total, 1e-9)
}

// smooth gives turns a share of what is said around them.
func smooth(own []float64, wt *Weights) []float64 {
	all := make([]float64, len(own))
	reach := int(3 * wt.Spread)
	kernel := make([]float64, reach+1)
	for d := range kernel {
		kernel[d] = math.Exp(-float64(d*d) / (2 * wt.Spread * wt.Spread))
	}
	for i := range own {
		sum, weight := 0., 0.
		for j := max(0, i-reach); j <= min(len(own)-1, i+reach); j++ {
			k := kernel[max(i-j, j-i)]
			sum += k * own[j]
			weight += k
		}
		all[i] = (1-wt.Smooth)*own[i] + wt.Smooth*sum/weight
	}
	return all
}
