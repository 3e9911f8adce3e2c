package semantic_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/redis/semantic"
	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// TestG7ProcessesAgree: two processes that append to one log decide alike, and so
// does one that begins later; another tenant has learnt nothing.
func TestG7ProcessesAgree(t *testing.T) {
	t.Parallel()
	c, ctx := open(t), t.Context()
	p := place(t, c)
	pool := &semantic.Pool{Tenant: p.Tenant, Embedder: semcache.EmbedderName("lexical", 64), Sealer: p.Sealer}
	one, two := semantic.NewEvidence(c, 0), semantic.NewEvidence(c, 0)
	r := rand.New(rand.NewPCG(1, 1))
	good := semcache.Features{Dense: [27]float32{1, 4, 4, 3}}
	for i := range 12 {
		writer := []*semantic.Evidence{one, two}[i%2]
		var batch []semcache.Observation
		require.NoError(t, writer.With(ctx, pool, func(policy *semcache.Policy) {
			for range 100 {
				d := policy.Decide(1, &good, r.Float64())
				batch = append(batch, semcache.Observation{
					Partition: 1, Score: d.Score, Proposed: true, Labelled: !d.Serve, Same: true, Features: good,
				})
			}
		}))
		require.NoError(t, writer.Append(ctx, pool, batch...))
	}
	var bounds []semcache.Bound
	for _, e := range []*semantic.Evidence{one, two, semantic.NewEvidence(c, 0)} {
		require.NoError(t, e.With(ctx, pool, func(policy *semcache.Policy) {
			require.True(t, policy.Open())
			bounds = append(bounds, policy.Bound())
		}))
	}
	require.Equal(t, bounds[0], bounds[1])
	require.Equal(t, bounds[0], bounds[2])

	other := place(t, c)
	require.NoError(t, one.With(ctx, &semantic.Pool{Tenant: other.Tenant, Embedder: pool.Embedder, Sealer: other.Sealer}, func(policy *semcache.Policy) {
		require.False(t, policy.Open())
	}))
}

func TestEvidenceThatCannotBeReadIsPassedOver(t *testing.T) {
	t.Parallel()
	c, ctx := open(t), t.Context()
	p := place(t, c)
	pool := &semantic.Pool{Tenant: p.Tenant, Embedder: "e", Sealer: p.Sealer}
	require.NoError(t, c.Do(ctx, "XADD", "{"+p.Tenant+"}:sem:ev:e", "*", "o", "garbage").Err())
	require.NoError(t, semantic.NewEvidence(c, 0).With(ctx, pool, func(policy *semcache.Policy) { require.False(t, policy.Open()) }))
}
