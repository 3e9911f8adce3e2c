package semcache

import (
	"math"
	"slices"
)

// Index is a partition in memory: a flat scan over unit vectors. A partition of
// some thousand entries takes about a millisecond, and needs no tuning and no
// training. It is not safe for concurrent use while entries are added.
type Index struct {
	dimension int
	vectors   []float32 // one after another
	entries   []Near
}

// NewIndex returns an index of vectors of that many dimensions.
func NewIndex(dimension int) *Index { return &Index{dimension: dimension} }

// Add puts an entry in. It says false, and does nothing, for a vector of another
// dimension or one that is not finite.
func (x *Index) Add(e Near) bool {
	if len(e.Vector) != x.dimension || !finite(float64(Dot(e.Vector, e.Vector))) {
		return false
	}
	x.vectors = append(x.vectors, e.Vector...)
	e.Vector = nil
	x.entries = append(x.entries, e)
	return true
}

// Len is how many entries there are.
func (x *Index) Len() int { return len(x.entries) }

// Size is about how many bytes they take.
func (x *Index) Size() int { return 4*len(x.vectors) + 1200*len(x.entries) }

// Nearest returns the most entries of highest cosine, best first.
func (x *Index) Nearest(vector []float32, most int) []Near {
	if len(vector) != x.dimension || most <= 0 {
		return nil
	}
	best := make([]hit, 0, most+1)
	for i := range x.entries {
		c := Dot(vector, x.vectors[i*x.dimension:(i+1)*x.dimension])
		if len(best) == most && c <= best[most-1].cosine {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, c, func(h hit, c float32) int {
			if h.cosine >= c {
				return -1
			}
			return 1
		})
		best = slices.Insert(best, at, hit{i, c})
		best = best[:min(len(best), most)]
	}
	return x.near(best)
}

type hit struct {
	at     int
	cosine float32
}

func (x *Index) near(best []hit) []Near {
	out := make([]Near, len(best))
	for k, h := range best {
		out[k] = x.entries[h.at]
		out[k].Cosine = math.Min(1, float64(h.cosine))
		out[k].Vector = x.vectors[h.at*x.dimension : (h.at+1)*x.dimension : (h.at+1)*x.dimension]
	}
	return out
}
