package semantic

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Tier joins stores, evidence and decisions into the two steps of a request: Look
// before the provider is called, Learn after.
type Tier struct {
	store    Store
	evidence *Evidence
	vectors  *Vectors

	mu    sync.RWMutex
	words map[string]*semcache.Vocabulary // by tenant, of what this process saw
}

// NewTier returns a tier over them.
func NewTier(s Store, e *Evidence, v *Vectors) *Tier {
	return &Tier{store: s, evidence: e, vectors: v, words: map[string]*semcache.Vocabulary{}}
}

// Question is a request that semcache.Refuse let pass.
type Question struct {
	Pool   *Pool
	Place  *Place
	Text   *semcache.Text
	Embed  Embed
	Shadow bool    // nothing is served, all is learnt
	Draw   float64 // uniform in [0, 1): which would-be hits are verified
}

// Found is what Look found out. Answer is nil unless it is to be served.
type Found struct {
	Decision semcache.Decision
	Answer   []byte
	Embedded bool // the embedder was called, which costs

	vector   []float32
	proposal semcache.Proposal
	proposed bool
}

// Similarity is that of the entry whose answer is served.
func (f *Found) Similarity() float64 { return f.proposal.Near.Cosine }

// Look searches for an answer. An error means a miss: the request goes on, and
// Learn may be left out.
func (t *Tier) Look(ctx context.Context, q *Question) (*Found, error) {
	f := new(Found)
	var err error
	f.vector, f.Embedded, err = t.vectors.Vector(ctx, q.Place.Tenant, q.Place.Sealer, q.Pool.Embedder, q.Text.String(), q.Embed)
	if err != nil {
		return f, err
	}
	near, err := t.store.Near(ctx, q.Place, f.vector, semcache.Pool)
	if err != nil {
		return f, err
	}
	t.mu.RLock()
	f.proposal, f.proposed = semcache.Propose(q.Text, f.vector, near, t.vocabulary(q.Place.Tenant))
	t.mu.RUnlock()
	if !f.proposed {
		return f, nil
	}
	err = t.evidence.With(ctx, q.Pool, func(p *semcache.Policy) {
		f.Decision = p.Decide(semcache.PartitionNumber(q.Place.Partition), &f.proposal.Features, q.Draw)
	})
	if err != nil || q.Shadow || !f.Decision.Serve {
		return f, err
	}
	f.Answer, err = t.store.Answer(ctx, q.Place, f.proposal.Near.ID)
	return f, err
}

// empty is read by tenants of which nothing was seen yet.
var empty = semcache.NewVocabulary()

func (t *Tier) vocabulary(tenant string) *semcache.Vocabulary {
	if v := t.words[tenant]; v != nil {
		return v
	}
	return empty
}

// Learn takes in how a request ended; call it when the client has its answer.
// fresh is the provider's, nil when the cached one was served. It is kept for
// another time unless ttl is zero; see semcache.Keep.
func (t *Tier) Learn(ctx context.Context, q *Question, f *Found, fresh []byte, ttl time.Duration) error {
	o := semcache.Observation{
		Partition: semcache.PartitionNumber(q.Place.Partition), Score: f.Decision.Score, Proposed: f.proposed, Features: f.proposal.Features,
	}
	var group uint64
	if fresh != nil {
		group = t.compare(ctx, q, f, string(fresh), &o)
		t.see(q)
	}
	if err := t.evidence.Append(ctx, q.Pool, o); err != nil {
		return err
	}
	if fresh == nil || ttl <= 0 {
		return nil
	}
	_, err := t.store.Add(ctx, q.Place, &Entry{Question: q.Text.String(), Vector: f.vector, Group: group, Answer: fresh, TTL: ttl})
	return err
}

// compare labels the observation, and finds the group of the fresh answer: that
// of the first voter who says the same, or a new one.
func (t *Tier) compare(ctx context.Context, q *Question, f *Found, fresh string, o *semcache.Observation) (group uint64) {
	for _, v := range f.proposal.Voters {
		cached, err := t.store.Answer(ctx, q.Place, v.ID)
		if err != nil || cached == nil {
			continue // gone: it neither labels nor groups
		}
		same := semcache.Verify(fresh, string(cached))
		if v.ID == f.proposal.Near.ID {
			o.Labelled, o.Same = true, same
		}
		if same && group == 0 {
			group = v.Group
		}
	}
	if group == 0 {
		group = newGroup()
	}
	return group
}

func newGroup() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return binary.LittleEndian.Uint64(b[:]) | 1
}

// mostTenants bounds the vocabularies of a process.
const mostTenants = 1000

func (t *Tier) see(q *Question) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.words[q.Place.Tenant]
	if v == nil {
		if len(t.words) >= mostTenants {
			clear(t.words)
		}
		v = semcache.NewVocabulary()
		t.words[q.Place.Tenant] = v
	}
	v.Add(q.Text)
}

// String says in short what was decided, for logs: it holds no content.
func (f *Found) String() string {
	return fmt.Sprintf("score %.2f would %t served %t findings %s", f.Decision.Score, f.Decision.Would, f.Answer != nil, f.proposal.Findings)
}
