package main

import (
	"math/rand/v2"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// rule decides over a stream of questions what is served.
type rule interface {
	// ask returns the intent of the answer that is served; served is false when the
	// provider was called, and the rule knows the fresh answer then.
	ask(q *question) (intent string, served bool)
}

// threshold serves the nearest entry from a cosine on, unless refused.
type threshold struct {
	least  float64
	refuse func(a, b *semcache.Text) bool
	index  sparse
}

func (r *threshold) ask(q *question) (string, bool) {
	near := r.index.near(q, 1)
	if len(near) > 0 && near[0].Cosine >= r.least && (r.refuse == nil || !r.refuse(q.text, near[0].Text)) {
		return near[0].ID, true
	}
	r.index.add(q, 1)
	return "", false
}

// errors are those of a verifier: how often it calls different answers the same,
// and the same ones different.
type errors struct{ miss, strict float64 }

func (e errors) same(a, b string, chance *rand.Rand) bool {
	if a == b {
		return chance.Float64() >= e.strict
	}
	return chance.Float64() < e.miss
}

// learnt is the product's way: proposals, and a policy that learns as it goes.
// Partitions have an index each and share the policy.
type learnt struct {
	policy   *semcache.Policy
	words    *semcache.Vocabulary
	indexes  map[uint64]*sparse
	chance   *rand.Rand
	verifier errors
	groups   uint64
	asked    int
	verified int
	split    uint64 // into how many partitions
}

func newLearnt(cfg semcache.Config, seed, split uint64, e errors) *learnt {
	if e.miss == 0 {
		cfg.Miss = 1e-12 // an oracle verifies
	}
	return &learnt{
		policy: semcache.NewPolicy(cfg), words: semcache.NewVocabulary(), indexes: map[uint64]*sparse{},
		chance: rand.New(rand.NewPCG(seed, 5)), verifier: e, split: split,
	}
}

func (r *learnt) ask(q *question) (string, bool) {
	partition := uint64(r.asked) % r.split // the order is random already
	r.asked++
	index := r.indexes[partition]
	if index == nil {
		index = new(sparse)
		r.indexes[partition] = index
	}
	p, ok := semcache.Propose(q.text, q.vector, index.near(q, semcache.Pool), r.words)
	o := semcache.Observation{Partition: partition}
	var d semcache.Decision
	if ok {
		d = r.policy.Decide(partition, &p.Features, r.chance.Float64())
		o.Score, o.Proposed, o.Labelled, o.Features = d.Score, true, !d.Serve, p.Features
		o.Same = o.Labelled && r.verifier.same(q.intent, p.Near.ID, r.chance)
	}
	r.policy.Observe(&o)
	if d.Serve {
		return p.Near.ID, true
	}
	if d.Verify {
		r.verified++
	}
	index.add(q, r.group(q, &p))
	r.words.Add(q.text)
	return "", false
}

// group is that of the first voter whose answer is the fresh one.
func (r *learnt) group(q *question, p *semcache.Proposal) uint64 {
	for _, v := range p.Voters {
		if r.verifier.same(q.intent, v.ID, r.chance) {
			return v.Group
		}
	}
	r.groups++
	return r.groups
}
