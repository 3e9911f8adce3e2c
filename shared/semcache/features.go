package semcache

import "math"

// The features of a proposal: what a policy weighs. Their order is part of the
// stored form of evidence; a change raises FeaturesVersion.
const (
	FeaturesVersion = 1
	dense           = 27
	firstFinding    = 16 // soft findings begin here
)

// Features describe a proposal. Alone and Shared are hashed words.
type Features struct {
	Dense  [dense]float32
	Alone  []uint32
	Shared []uint32
	Hard   bool // a finding that no evidence overrules
}

// Known bounds how many words a stored sample keeps of either kind.
const mostFeatureWords = 32

func describe(q *Text, ranked []Near, p *Proposal, g groups, c Comparison, v *Vocabulary) Features {
	f := Features{Hard: c.Found&Hard != 0}
	f.Alone, f.Shared = firsts(c.Alone), firsts(c.Shared)
	mine := g.by[p.Near.Group]
	share, rival := mine.votes/g.total, g.rival(p.Near.Group)
	var other float64
	for i := range ranked {
		if ranked[i].Group != p.Near.Group {
			other = ranked[i].Cosine
			break
		}
	}
	alone, shared := v.sum(c.Alone), v.sum(c.Shared)
	values := [...]float64{
		1, p.Near.Cosine * 4, (p.Near.Cosine - other) * 8, share * 3,
		float64(mine.count) / voters * 3, 6 * shared / (2*shared + alone + 1e-9), alone / 10, lengths(q, p.Near.Text),
		math.Log1p(float64(v.texts)) / 5, ranked[0].Cosine - p.Near.Cosine, truth(ranked[0].ID == p.Near.ID), p.Near.Cosine * p.Near.Cosine * 4,
		truth(share > .999), (mine.cosine - rival) * 8, mine.cosine * 3, truth(mine.cosine > rival),
	}
	for i, x := range values {
		f.Dense[i] = float32(x)
	}
	for i := firstFinding; i < dense; i++ {
		f.Dense[i] = float32(truth(c.Found&(Gender<<(i-firstFinding)) != 0))
	}
	return f
}

func firsts(words []uint32) []uint32 { return words[:min(len(words), mostFeatureWords)] }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// lengths is the ratio of the shorter text to the longer one.
func lengths(a, b *Text) float64 {
	x, y := float64(a.Words()+1), float64(b.Words()+1)
	return min(x, y) / max(x, y)
}

func (v *Vocabulary) sum(words []uint32) (s float64) {
	for _, w := range words {
		s += v.Weight(w)
	}
	return s
}
