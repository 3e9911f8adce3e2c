package llm

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// Bounds of what a name may stand for. Writing an alias is refused beyond the
// first; the second holds where aliases of aliases multiply.
const (
	DeepestAlias  = 4 // aliases in a row
	mostCandidate = 32
)

// routing turns a name into candidates in the order in which they are tried.
type routing struct {
	plan
	req *Request
	now time.Time
	all []Candidate
}

// part is what one target of an alias became: all[from:to].
type part struct {
	from, to, weight int
	ready            bool // something in it may be called first, and now
}

// partRoom is so that most aliases need no memory for their parts.
const partRoom = 4

// alias adds the candidates of an alias, in the order of its strategy.
func (r *routing) alias(name string, targets []dcoder.Target, depth int) {
	var room [partRoom]part
	parts, from := room[:0], len(r.all)
	for i := range targets {
		p := part{from: len(r.all), weight: max(targets[i].Weight, 0)}
		r.target(&targets[i], depth)
		if p.to = len(r.all); p.to == p.from {
			p.weight = 0
		}
		p.ready = r.ready(p)
		parts = append(parts, p)
	}
	if len(r.all)-from < 2 {
		return
	}
	switch r.req.Snapshot.Routes[name].Strategy {
	case dcoder.StrategyCheapest:
		r.sort(r.all[from:], func(c *Candidate) float64 { return r.cost(c) })
	case dcoder.StrategyFastest:
		r.sort(r.all[from:], func(c *Candidate) float64 { return c.health.pace.read(r.now, r.req.Stream) })
		r.explore(r.all[from:])
	case dcoder.StrategyOrdered:
		r.follow(parts, nonempty(parts), false)
	default:
		r.draw(parts)
	}
}

// ready reports whether anything of a part may be called first, and now.
func (r *routing) ready(p part) bool {
	for i := p.from; i < p.to; i++ {
		if r.all[i].lead && r.all[i].health.wait(r.now) == 0 {
			return true
		}
	}
	return false
}

func (r *routing) target(t *dcoder.Target, depth int) {
	if t.Alias == "" {
		r.add(*t)
		return
	}
	if depth < DeepestAlias {
		r.alias(t.Alias, r.req.Snapshot.Aliases[t.Alias], depth+1)
	}
}

// add adds one concrete model, once, when the tenant has it and the key may use it.
func (r *routing) add(t dcoder.Target) {
	for i := range r.all {
		if r.all[i].Grant.Name == t.Provider && r.all[i].Model == t.Model {
			return
		}
	}
	if len(r.all) >= mostCandidate {
		return
	}
	c, ok := r.candidate(r.req, t)
	if !ok || !mayUse(r.req.Snapshot, r.req.Model, t) {
		return
	}
	c.health, c.lead = r.health.of(r.req.Principal.Tenant, &c), true
	r.all = append(r.all, c)
}

// sort puts what may be called now before what cools, and the least first.
func (r *routing) sort(cs []Candidate, by func(*Candidate) float64) {
	slices.SortStableFunc(cs, func(a, b Candidate) int {
		if x, y := a.health.wait(r.now) > 0, b.health.wait(r.now) > 0; x != y {
			if y {
				return -1
			}
			return 1
		}
		switch x, y := by(&a), by(&b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}

// unknownCost sorts a model behind all whose price is known.
const unknownCost = 1e18

// cost is what the call most likely costs, micro-units.
func (r *routing) cost(c *Candidate) float64 {
	if c.Price.Free() {
		return unknownCost
	}
	t := dcoder.Tokens{Input: r.req.estimateInput(false)}
	if r.req.Kind != Embedding {
		answer := int64(usualOutput)
		if r.req.MaxTokens > 0 {
			answer = min(answer, r.req.MaxTokens)
		}
		t.Output = times(answer, r.req.Choices)
	}
	return float64(price.Cost(c.Price, &t))
}

// exploring is one in how many calls of a fastest route goes elsewhere, so that
// what became fast is noticed.
const exploring = 20

func (r *routing) explore(cs []Candidate) {
	if rand.IntN(exploring) != 0 {
		return
	}
	if i := rand.IntN(len(cs)); cs[i].health.wait(r.now) == 0 {
		front(cs, i)
	}
}

// draw lets one part lead, by weight among those that are ready; without weights
// it is the first.
func (r *routing) draw(parts []part) {
	total, anyReady := 0, slices.ContainsFunc(parts, func(p part) bool { return p.ready && p.weight > 0 })
	for _, p := range parts {
		if p.ready || !anyReady {
			total += p.weight
		}
	}
	if total == 0 {
		r.follow(parts, nonempty(parts), false)
		return
	}
	n := rand.IntN(total)
	for i, p := range parts {
		if !p.ready && anyReady {
			continue
		}
		if n -= p.weight; n < 0 {
			r.follow(parts, i, true)
			return
		}
	}
}

// follow puts a part in front. Of the others those without weight are for
// failover only, and all of them where calls are not shared.
func (r *routing) follow(parts []part, first int, shared bool) {
	for i, p := range parts {
		if i == first || shared && p.weight > 0 {
			continue
		}
		for j := p.from; j < p.to; j++ {
			r.all[j].lead = false
		}
	}
	at, p := parts[0].from, parts[first]
	for i := range p.to - p.from {
		front(r.all[at+i:], p.from-at)
	}
}

// nonempty is the first part that anybody can serve.
func nonempty(parts []part) int {
	return max(slices.IndexFunc(parts, func(p part) bool { return p.to > p.from }), 0)
}

// front moves one candidate to the front of its list.
func front(cs []Candidate, i int) {
	chosen := cs[i]
	copy(cs[1:i+1], cs[:i])
	cs[0] = chosen
}

// sameService reports whether b is another credential for the very service and
// model of a: going there is a repetition, all else is failover.
func sameService(a, b *Candidate) bool {
	return a.Model == b.Model && a.Grant.Dialect == b.Grant.Dialect && a.Grant.BaseURL == b.Grant.BaseURL
}

// group puts candidates of one service beside each other and returns how many the
// first has.
func group(cs []Candidate) (first int) {
	for from := 0; from < len(cs); {
		to := from + 1
		for i := to; i < len(cs); i++ {
			if sameService(&cs[from], &cs[i]) {
				front(cs[to:], i-to)
				to++
			}
		}
		if from == 0 {
			first = to
		}
		from = to
	}
	return first
}
