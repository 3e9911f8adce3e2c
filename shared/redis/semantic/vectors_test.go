package semantic_test

import (
	"context"
	"errors"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/redis/semantic"
)

func TestG13EmbeddingsAreCached(t *testing.T) {
	t.Parallel()
	c, ctx := open(t), t.Context()
	p, other := place(t, c), place(t, c)
	v, calls := semantic.NewVectors(c, time.Minute), 0
	embed := func(context.Context, string) ([]float32, error) {
		calls++
		return []float32{3, 4}, nil
	}
	for i, want := range []struct {
		tenant *semantic.Place
		model  string
		text   string
		made   bool
	}{{p, "m", "a", true}, {p, "m", "a", false}, {p, "m", "b", true}, {p, "n", "a", true}, {other, "m", "a", true}} {
		vector, made, err := v.Vector(ctx, want.tenant.Tenant, want.tenant.Sealer, want.model, want.text, embed)
		require.NoError(t, err)
		require.InDeltaSlice(t, []float32{0.6, 0.8}, vector, 1e-6)
		require.Equal(t, want.made, made, i)
	}
	require.Equal(t, 4, calls)
}

// TestG13LateOrFailedIsAMiss: whatever goes wrong has one name, and a caller can
// tell it from everything else.
func TestG13LateOrFailedIsAMiss(t *testing.T) {
	t.Parallel()
	c := open(t)
	p := place(t, c)
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	away := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialTimeout: time.Second})
	t.Cleanup(func() { _ = away.Close() })
	for name, x := range map[string]struct {
		client goredis.UniversalClient
		budget time.Duration
		embed  semantic.Embed
		fails  bool
	}{
		"failed":    {c, time.Minute, func(context.Context, string) ([]float32, error) { return nil, errors.New("429") }, true},
		"late":      {c, time.Millisecond, func(ctx context.Context, _ string) ([]float32, error) { <-ctx.Done(); return nil, ctx.Err() }, true},
		"deaf":      {c, time.Millisecond, func(context.Context, string) ([]float32, error) { <-never; return []float32{1}, nil }, true},
		"zero":      {c, time.Minute, func(context.Context, string) ([]float32, error) { return []float32{0, 0}, nil }, true},
		"redis off": {away, time.Minute, func(context.Context, string) ([]float32, error) { return []float32{1}, nil }, false},
	} {
		_, _, err := semantic.NewVectors(x.client, x.budget).Vector(t.Context(), p.Tenant, p.Sealer, "m", name, x.embed)
		if x.fails {
			require.ErrorIs(t, err, semantic.ErrNoVector, name)
		} else {
			require.NoError(t, err, name)
		}
	}
}
