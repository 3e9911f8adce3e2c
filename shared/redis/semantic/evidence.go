package semantic

import (
	"context"
	"fmt"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Evidence is the log of observations of a tenant's tier, and the policies that
// this process folded from it. The log is the truth: whoever reads it decides
// alike, and a new process decides as the old ones after one read.
type Evidence struct {
	client goredis.UniversalClient
	most   int

	mu       sync.Mutex
	policies map[string]*folded
}

// mostPolicies bounds how many tenants' policies a process holds; one takes about
// 150 KB.
const mostPolicies = 256

// NewEvidence returns the log on client. most bounds it (0: the default window of
// a policy).
func NewEvidence(client goredis.UniversalClient, most int) *Evidence {
	if most == 0 {
		most = 8192
	}
	return &Evidence{client: client, most: most, policies: map[string]*folded{}}
}

// Pool names whose evidence it is: partitions of one tenant and embedder share
// theirs.
type Pool struct {
	Tenant   string
	Embedder string
	Sealer   Sealer
	Config   semcache.Config
}

// folded is a policy with the place in the log up to which it was folded.
type folded struct {
	mu     sync.Mutex
	policy *semcache.Policy
	last   string
}

// Append adds observations to the log.
func (e *Evidence) Append(ctx context.Context, p *Pool, observed ...semcache.Observation) error {
	_, err := e.client.Pipelined(ctx, func(to goredis.Pipeliner) error {
		for i := range observed {
			sealed, err := p.Sealer.Seal(p.object(), observed[i].Append(nil))
			if err != nil {
				return err
			}
			to.XAdd(ctx, &goredis.XAddArgs{Stream: p.key(), MaxLen: int64(e.most), Approx: true, Values: []any{"o", sealed}})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("add evidence of %s: %w", p.Tenant, err)
	}
	return nil
}

func (p *Pool) key() string    { return tenantKey(p.Tenant, "ev", p.Embedder) }
func (p *Pool) object() string { return "semantic-evidence/" + p.Embedder }

// With reads what is new in the log and hands the policy to use, which must not
// keep it.
func (e *Evidence) With(ctx context.Context, p *Pool, use func(*semcache.Policy)) error {
	f := e.folded(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.read(ctx, e.client, p); err != nil {
		return err
	}
	use(f.policy)
	return nil
}

func (e *Evidence) folded(p *Pool) *folded {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := fmt.Sprint(p.key(), p.Config) // another delta is another policy
	f := e.policies[key]
	if f == nil {
		if len(e.policies) >= mostPolicies {
			clear(e.policies)
		}
		f = &folded{policy: semcache.NewPolicy(p.Config)}
		e.policies[key] = f
	}
	return f
}

func (f *folded) read(ctx context.Context, client goredis.UniversalClient, p *Pool) error {
	for {
		from := "-"
		if f.last != "" {
			from = "(" + f.last
		}
		fresh, err := client.XRangeN(ctx, p.key(), from, "+", batch).Result()
		if err != nil {
			return fmt.Errorf("read evidence of %s: %w", p.Tenant, err)
		}
		for _, m := range fresh {
			f.last = m.ID
			f.take(p, m)
		}
		if len(fresh) < batch {
			return nil
		}
	}
}

// take folds one message in; one of another version is passed over.
func (f *folded) take(p *Pool, m goredis.XMessage) {
	sealed, _ := m.Values["o"].(string)
	plain, err := p.Sealer.Open(p.object(), []byte(sealed))
	if err != nil {
		return
	}
	if o, err := semcache.ReadObservation(plain); err == nil {
		f.policy.Observe(&o)
	}
}
