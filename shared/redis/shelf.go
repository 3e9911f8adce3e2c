package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Shelf implements auth.Shelf and auth.Generations: sealed snapshots, and the
// marks that say whether one is still the newest.
type Shelf struct {
	client  goredis.UniversalClient
	scripts *scripts
}

var (
	_ auth.Shelf       = (*Shelf)(nil)
	_ auth.Generations = (*Shelf)(nil)
)

// NewShelf returns the shelf on client.
func NewShelf(client goredis.UniversalClient) *Shelf { return &Shelf{client, embedded} }

const (
	dirtyFor = 15 * time.Second // longer than a transaction may take
	dirtyTTL = time.Second      // of a snapshot that is stored meanwhile
)

// Get implements auth.Shelf.
func (s *Shelf) Get(ctx context.Context, tenant, key string) ([]byte, auth.Marks, error) {
	n := namesOf(tenant)
	p := s.client.Pipeline()
	snapshot := p.Get(ctx, snapshotKey(tenant, key))
	marks := p.HMGet(ctx, n.generations, "t", generationField(key), "d")
	clock := p.EvalSha(ctx, s.scripts.clock.sha.(string), []string{n.generations})
	_, _ = p.Exec(ctx)
	if unknownScript(clock.Err()) {
		clock = p.Eval(ctx, s.scripts.clock.source, []string{n.generations})
		_, _ = p.Exec(ctx)
	}
	for _, err := range []error{snapshot.Err(), marks.Err(), clock.Err()} {
		if err != nil && !errors.Is(err, goredis.Nil) {
			return nil, auth.Marks{}, fmt.Errorf("read the snapshot of %s: %w", key, err)
		}
	}
	now, _ := clock.Int64()
	v := marks.Val()
	m := auth.Marks{
		TenantGen: dcoder.Generation(integer(v[0])), KeyGen: dcoder.Generation(integer(v[1])),
		Dirty: integer(v[2]) > now,
	}
	if errors.Is(snapshot.Err(), goredis.Nil) {
		return nil, m, nil
	}
	sealed, err := snapshot.Bytes()
	return sealed, m, err
}

func integer(v any) int64 {
	s, _ := v.(string)
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// Put implements auth.Shelf. While the tenant is dirty the snapshot lives for a
// second at most.
func (s *Shelf) Put(ctx context.Context, tenant, key string, m auth.Marks, sealed []byte, ttl time.Duration) error {
	err := s.scripts.put.run(
		ctx, s.client, []string{namesOf(tenant).generations, snapshotKey(tenant, key)},
		generationField(key), int64(m.TenantGen), int64(m.KeyGen),
		max(ttl.Milliseconds(), 1), dirtyTTL.Milliseconds(), sealed,
	).Err()
	if err != nil {
		return fmt.Errorf("store the snapshot of %s: %w", key, err)
	}
	return nil
}

// Ensure implements auth.Shelf.
func (s *Shelf) Ensure(ctx context.Context, tenant, key string) (auth.Marks, error) {
	v, err := s.scripts.ensure.run(ctx, s.client, []string{namesOf(tenant).generations}, generationField(key)).Slice()
	if err != nil {
		return auth.Marks{}, fmt.Errorf("make generations of %s: %w", key, err)
	}
	if len(v) != 3 {
		return auth.Marks{}, fmt.Errorf("make generations of %s: %d values", key, len(v))
	}
	dirty, _ := v[2].(int64)
	return auth.Marks{
		TenantGen: dcoder.Generation(integer(v[0])), KeyGen: dcoder.Generation(integer(v[1])), Dirty: dirty == 1,
	}, nil
}

// Changing implements auth.Generations.
func (s *Shelf) Changing(ctx context.Context, tenant string, keys ...string) error {
	return s.raise(ctx, tenant, keys)
}

// Changed implements auth.Generations.
func (s *Shelf) Changed(ctx context.Context, tenant string, keys ...string) error {
	return s.raise(ctx, tenant, keys)
}

func (s *Shelf) raise(ctx context.Context, tenant string, keys []string) error {
	args := []any{dirtyFor.Microseconds()}
	for _, k := range keys {
		args = append(args, generationField(k))
	}
	if len(keys) == 0 {
		args = append(args, "t")
	}
	if err := s.scripts.raise.run(ctx, s.client, []string{namesOf(tenant).generations}, args...).Err(); err != nil {
		return fmt.Errorf("announce a change of %s: %w", tenant, err)
	}
	return nil
}
