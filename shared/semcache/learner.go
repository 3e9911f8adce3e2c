package semcache

import "math"

// learner is a logistic regression that learns from one sample after another,
// with a step size for each weight (Duchi, Hazan, Singer, "Adaptive subgradient
// methods", JMLR 12, 2011). Besides the dense features it has a weight for each
// hashed word that stands alone or is shared: that is how it finds out that in
// this tenant's traffic "physical" and "virtual" tell two questions apart.
type learner struct {
	weights [learnt]float32
	squares [learnt]float32
}

const (
	hashBits = 13
	learnt   = dense + 2<<hashBits
	step     = 0.1
	damping  = 0.1
)

// prior is where the dense weights begin, so that the first scores already rank:
// a rounded fit to the tuning part of the evaluation data.
var prior = [dense]float32{
	-0.3, -0.1, 0.6, 0.5, 0.4, 0.4, 0, -0.1, -0.2, -0.3, 0, 0.1, 0, 0.6, 0, 0.1,
}

func newLearner() *learner {
	l := new(learner)
	copy(l.weights[:], prior[:])
	return l
}

// score is the log odds that the proposed answer is right.
func (l *learner) score(f *Features) (z float64) {
	l.each(f, func(at int, x float32) { z += float64(l.weights[at] * x) })
	return z
}

// learn moves the weights towards what was seen.
func (l *learner) learn(f *Features, same bool, weight float64) {
	gap := (truth(same) - 1/(1+math.Exp(-l.score(f)))) * weight
	l.each(f, func(at int, x float32) {
		g := float32(gap) * x
		l.squares[at] += g * g
		l.weights[at] += step * g / float32(math.Sqrt(float64(l.squares[at]+damping)))
	})
}

func (l *learner) each(f *Features, visit func(at int, x float32)) {
	for i, x := range f.Dense {
		if x != 0 {
			visit(i, x)
		}
	}
	bucket(f.Alone, dense, visit)
	bucket(f.Shared, dense+1<<hashBits, visit)
}

func bucket(words []uint32, from int, visit func(at int, x float32)) {
	x := float32(1 / math.Sqrt(float64(len(words)+1)))
	for _, w := range words {
		visit(from+int(w*2654435761>>(32-hashBits)), x)
	}
}
