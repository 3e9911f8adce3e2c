package semantic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// Sets keeps a partition's vectors in a Redis vector set and the rest of its
// entries, sealed, in a hash beside it.
type Sets struct{ answers }

var _ Store = (*Sets)(nil)

// MostSet bounds a partition of Sets: beyond it nothing is added until it expires.
const MostSet = 200_000

// NewSets returns the store on client, whose server must have vector sets.
func NewSets(client goredis.UniversalClient) *Sets { return &Sets{answers{client}} }

// HasSets asks the server whether it has vector sets (Redis 8).
func HasSets(ctx context.Context, client goredis.UniversalClient) bool {
	info, err := client.Do(ctx, "COMMAND", "INFO", "VADD").Slice()
	return err == nil && len(info) == 1 && info[0] != nil
}

func (s *Sets) keys(p *Place, generation string) (vectors, entries string) {
	return tenantKey(p.Tenant, "vs", generation, p.Partition), tenantKey(p.Tenant, "e", generation, p.Partition)
}

// Add implements Store.
func (s *Sets) Add(ctx context.Context, p *Place, e *Entry) (string, error) {
	id := dcoder.NewID()
	return id, s.add(ctx, p, e, id)
}

func (s *Sets) add(ctx context.Context, p *Place, e *Entry, id string) error {
	g, err := generation(ctx, s.client, p)
	if err != nil {
		return err
	}
	sealed, err := sealEntry(p, e)
	if err != nil {
		return err
	}
	vectors, entries := s.keys(p, g)
	if n, err := s.client.HLen(ctx, entries).Result(); err == nil && n >= MostSet {
		return fmt.Errorf("store an entry: the partition holds %d", n)
	}
	_, err = s.client.Pipelined(ctx, func(to goredis.Pipeliner) error {
		to.HSet(ctx, entries, id, sealed) // before the vector: what is found can be read
		to.Do(ctx, "VADD", vectors, "FP32", appendVector(nil, e.Vector), id)
		to.Expire(ctx, vectors, keepFor)
		to.Expire(ctx, entries, keepFor)
		return s.put(ctx, to, p, g, id, e)
	})
	if err != nil {
		return fmt.Errorf("store an entry: %w", err)
	}
	return nil
}

// Remove implements Store.
func (s *Sets) Remove(ctx context.Context, p *Place, id string) error {
	g, err := generation(ctx, s.client, p)
	if err != nil {
		return err
	}
	vectors, entries := s.keys(p, g)
	_, err = s.client.Pipelined(ctx, func(to goredis.Pipeliner) error {
		to.Do(ctx, "VREM", vectors, id)
		to.HDel(ctx, entries, id)
		to.Del(ctx, s.key(p, g, id))
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove an entry: %w", err)
	}
	return nil
}

// Near implements Store. The server's similarity is of quantised vectors; the
// cosine is computed anew from the whole ones.
func (s *Sets) Near(ctx context.Context, p *Place, vector []float32, most int) ([]semcache.Near, error) {
	g, err := generation(ctx, s.client, p)
	if err != nil {
		return nil, err
	}
	vectors, entries := s.keys(p, g)
	ids, err := s.client.Do(ctx, "VSIM", vectors, "FP32", appendVector(nil, vector), "COUNT", most).StringSlice()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, fmt.Errorf("search a partition: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	sealed, err := s.client.HMGet(ctx, entries, ids...).Result()
	if err != nil {
		return nil, fmt.Errorf("read entries of a partition: %w", err)
	}
	return opened(p, vector, ids, sealed), nil
}

func opened(p *Place, vector []float32, ids []string, sealed []any) (out []semcache.Near) {
	for i, v := range sealed {
		text, _ := v.(string)
		n, err := openEntry(p, ids[i], text)
		if err != nil || len(n.Vector) != len(vector) {
			continue // expired or of another version: a miss
		}
		n.Cosine = min(1, float64(semcache.Dot(vector, n.Vector)))
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b semcache.Near) int { return cmp.Compare(b.Cosine, a.Cosine) })
	return out
}
