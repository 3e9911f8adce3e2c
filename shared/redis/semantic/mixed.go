package semantic

import (
	"context"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Mixed scans partitions while they are small and, where the server has vector
// sets, searches those that outgrew a scan. Entries are written to both, so that
// a partition can grow from one into the other.
type Mixed struct {
	*Flat
	sets *Sets
	has  func(ctx context.Context) bool
}

var _ Store = (*Mixed)(nil)

// NewMixed returns the store on client; parameters as NewFlat. The server is
// asked once, on first use, what it has.
func NewMixed(client goredis.UniversalClient, most, size int) *Mixed {
	var once sync.Once
	var has bool
	return &Mixed{NewFlat(client, most, size), NewSets(client), func(ctx context.Context) bool {
		once.Do(func() { has = HasSets(context.WithoutCancel(ctx), client) })
		return has
	}}
}

// Add implements Store.
func (m *Mixed) Add(ctx context.Context, p *Place, e *Entry) (string, error) {
	id := dcoder.NewID()
	if err := m.add(ctx, p, e, id); err != nil {
		return "", err
	}
	if m.has(ctx) {
		return id, m.sets.add(ctx, p, e, id)
	}
	return id, nil
}

// Near implements Store.
func (m *Mixed) Near(ctx context.Context, p *Place, vector []float32, most int) ([]semcache.Near, error) {
	if m.has(ctx) && m.outgrown(ctx, p) {
		return m.sets.Near(ctx, p, vector, most)
	}
	return m.Flat.Near(ctx, p, vector, most)
}

// outgrown says that the stream no longer holds the whole partition.
func (m *Mixed) outgrown(ctx context.Context, p *Place) bool {
	g, err := generation(ctx, m.client, p)
	if err != nil {
		return false
	}
	_, entries := m.sets.keys(p, g)
	n, err := m.client.HLen(ctx, entries).Result()
	return err == nil && int(n) > m.most
}

// Remove implements Store.
func (m *Mixed) Remove(ctx context.Context, p *Place, id string) error {
	if m.has(ctx) {
		if err := m.sets.Remove(ctx, p, id); err != nil {
			return err
		}
	}
	return m.Flat.Remove(ctx, p, id)
}
