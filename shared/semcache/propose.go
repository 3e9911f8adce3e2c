package semcache

import (
	"cmp"
	"math"
	"slices"
)

// Near is an entry of the partition near a question.
type Near struct {
	ID     string
	Cosine float64
	Text   *Text
	Vector []float32 // unit length
	Group  uint64    // entries whose answers were found the same share a group; never 0
}

// Pool is how many entries a store returns for a question, at most.
const Pool = 48

// voters is how many of the pool decide, after the second opinion.
const voters = 8

// agreementFloor is the least lexical agreement of two texts. Embeddings collide,
// by chance or because somebody searched for a collision; words do not.
const agreementFloor = 0.1

// Proposal is the entry whose answer would be given, and what speaks for it.
type Proposal struct {
	Near     Near
	Findings Findings
	Features Features
	Voters   []Near // best first: the fresh answer is compared with theirs
}

// Propose picks from the nearest entries: they are ranked by cosine and lexical
// agreement together, groups of equal answers collect their members' votes, and
// the nearest member of the best group is proposed. ok is false when near is
// empty. It reads v and does not change it.
func Propose(q *Text, vector []float32, near []Near, v *Vocabulary) (p Proposal, ok bool) {
	if len(near) == 0 {
		return p, false
	}
	c := centres(vector, near)
	ranked := rank(q, near, v)
	best := c.elect(ranked)
	p.Voters = ranked
	for i := range ranked {
		if ranked[i].Group == best {
			p.Near = ranked[i]
			break
		}
	}
	comparison := Compare(q, p.Near.Text)
	if v.Agreement(q, p.Near.Text) < agreementFloor {
		comparison.Found |= Apart
	}
	p.Findings = comparison.Found
	p.Features = describe(q, ranked, &p, c, comparison, v)
	return p, true
}

// rank returns the voters, their Cosine replaced by the mean of both opinions.
func rank(q *Text, near []Near, v *Vocabulary) []Near {
	ranked := slices.Clone(near[:min(len(near), Pool)])
	for i := range ranked {
		ranked[i].Cosine = (ranked[i].Cosine + v.Agreement(q, ranked[i].Text)) / 2
	}
	slices.SortStableFunc(ranked, func(a, b Near) int { return cmp.Compare(b.Cosine, a.Cosine) })
	return ranked[:min(len(ranked), voters)]
}

// centre is the sum of a group's vectors within the pool.
type centre struct {
	sum    []float32
	cosine float64 // of the question to it
	votes  float64
	count  int
}

type groups struct {
	by    map[uint64]*centre
	total float64
}

// centres compares the question with the centre of each group of the pool
// (Rocchio's classifier, on what is near).
func centres(vector []float32, near []Near) groups {
	g := groups{by: make(map[uint64]*centre, 8)}
	for i := range near {
		c := g.by[near[i].Group]
		if c == nil {
			c = &centre{sum: make([]float32, len(vector))}
			g.by[near[i].Group] = c
		}
		for d, x := range near[i].Vector {
			c.sum[d] += x
		}
	}
	for _, c := range g.by {
		if n := math.Sqrt(float64(Dot(c.sum, c.sum))); n > 0 {
			c.cosine = float64(Dot(vector, c.sum)) / n
		}
	}
	return g
}

// elect counts the votes, a voter's weight being the fourth power of its
// similarity, and adds the centre's.
func (g *groups) elect(ranked []Near) (best uint64) {
	for i := range ranked {
		vote := math.Pow(max(ranked[i].Cosine, 0), 4) + 1e-9
		c := g.by[ranked[i].Group]
		c.votes += vote
		c.count++
		g.total += vote
	}
	most := math.Inf(-1)
	for i := range ranked { // in order of rank: a tie goes to the nearer one
		c := g.by[ranked[i].Group]
		if sum := c.votes/g.total + c.cosine; sum > most {
			most, best = sum, ranked[i].Group
		}
	}
	return best
}

// rival is the best cosine of any other group's centre.
func (g *groups) rival(group uint64) (best float64) {
	for id, c := range g.by {
		if id != group {
			best = max(best, c.cosine)
		}
	}
	return best
}
