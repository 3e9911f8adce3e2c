package extract

import (
	"container/heap"
	"slices"
)

// choice is the state of taking units into a budget.
type choice struct {
	*reading
	Task
	wt    *Weights
	queue queue
	keep  []bool // by unit
	kept  []int  // units by passage

	asked   *asked
	covered []float64 // share of worth that each term of the question has lost
	units   [][]int8  // terms of the question by unit
	taken   int
}

type candidate struct {
	unit, cost, before int     // before: units that were kept when now was computed
	score, cheap, now  float64 // cheap: what the cost divides the score by; now: what is left
}

// The share of a word's worth that is gone once a unit with it is kept: prose says
// more about a thing in several sentences, code mostly in one definition.
const (
	coveredByOne  = .3
	coveredByCode = .8
)

// Up to how many units each choice sees all choices before it, and up to how many
// it sees most of them: the cost would grow with the square.
const (
	seesAll  = 400
	seesMost = 2000
)

// patience is how many of the latest choices a choice may miss.
func (c *choice) patience() int {
	if len(c.keep) > seesMost {
		return len(c.keep)
	}
	return len(c.keep) / (seesAll + 1)
}

// take looks at the best candidate: it is put back when it has become worth less,
// kept when it fits, dropped when not.
func (c *choice) take() {
	best := &c.queue[0]
	p := c.outline.units[best.unit].passage
	if c.taken-best.before > c.patience() && !c.dialogue {
		best.before = c.taken
		best.now = (best.score - c.wt.Novelty*c.repeats(best.unit)) / (best.cheap * (1 + c.wt.Decay*float64(c.kept[p])))
		heap.Fix(&c.queue, 0)
		return
	}
	if price := c.price(best, p); price <= c.Budget {
		c.Budget -= price
		c.keep[best.unit] = true
		c.kept[p]++
		c.taken++
		share := coveredByOne
		if c.code {
			share = coveredByCode
		}
		for _, n := range c.units[best.unit] {
			c.covered[n] += (1 - c.covered[n]) * share
		}
	}
	heap.Pop(&c.queue)
}

// repeats is the share of the question that a unit has and that is covered.
func (c *choice) repeats(unit int) float64 {
	s := 0.
	for _, n := range c.units[unit] {
		s += c.asked.weight[n] * c.covered[n]
	}
	return s / max(c.asked.total, 1e-9)
}

// termsOf lists the question's terms in each unit.
func (r *reading) termsOf(a *asked) [][]int8 {
	all := make([][]int8, len(r.units))
	var flat []int8
	for i, words := range r.units {
		from := len(flat)
		for _, w := range words {
			if n := a.index[w.term]; n != 0 && !slices.Contains(flat[from:], n-1) {
				flat = append(flat, n-1)
			}
		}
		all[i] = flat[from:len(flat):len(flat)]
	}
	return all
}

func (c *choice) price(best *candidate, p int) int {
	price := best.cost + c.marks(best.unit, p)
	if c.kept[p] == 0 {
		price += c.Count(c.passages[p].head.of(c.text))
	}
	return price
}

// marks returns how many more marks there are when a unit is kept.
func (c *choice) marks(i, passage int) int {
	p := c.passages[passage]
	n := 0
	if i > p.first && !c.keep[i-1] {
		n++
	}
	if i+1 < p.next && !c.keep[i+1] {
		n++
	}
	if c.kept[passage] > 0 {
		n--
	}
	return n
}

// queue is a heap, the worthiest first and then the earliest.
type queue []candidate

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(candidate)) }

func (q queue) Less(i, j int) bool {
	return q[i].now > q[j].now || q[i].now == q[j].now && q[i].unit < q[j].unit
}

func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
