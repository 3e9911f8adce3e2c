package semantic_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/d-coder-ai/dcoder/shared/redis/semantic"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/semcache"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB) goredis.UniversalClient {
	t.Helper()
	o, err := goredis.ParseURL(stacktest.Env(t).RedisURL)
	require.NoError(t, err)
	o.Protocol = 2
	c := goredis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// place is a partition of a new tenant; its keys are removed with the test.
func place(t testing.TB, c goredis.UniversalClient, labels ...string) *semantic.Place {
	t.Helper()
	tenant := stacktest.TenantID()
	t.Cleanup(func() {
		for _, k := range keysOf(t, c, tenant) {
			c.Del(context.Background(), k)
		}
	})
	partition := semcache.Partition{Tenant: tenant, Model: "gpt"}
	return &semantic.Place{Tenant: tenant, Partition: partition.Key(), Labels: labels, Sealer: box(t, tenant)}
}

func keysOf(t testing.TB, c goredis.UniversalClient, tenant string) (keys []string) {
	t.Helper()
	i := c.Scan(context.Background(), 0, "*"+tenant+"*", 10_000).Iterator()
	for i.Next(context.Background()) {
		keys = append(keys, i.Val())
	}
	require.NoError(t, i.Err())
	return keys
}

func box(t testing.TB, tenant string) *secret.Box {
	t.Helper()
	ctx := context.Background()
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	kek, err := secret.ParseKeyset(keyset)
	require.NoError(t, err)
	vault := secret.NewVault(kek)
	wrapped, err := vault.NewDataKey(ctx, tenant)
	require.NoError(t, err)
	b, err := vault.Box(ctx, tenant, wrapped)
	require.NoError(t, err)
	return b
}

// eachStore runs a test of the contract against every implementation.
func eachStore(t *testing.T, test func(t *testing.T, c goredis.UniversalClient, s semantic.Store)) {
	for name, make := range map[string]func(goredis.UniversalClient) semantic.Store{
		"flat":  func(c goredis.UniversalClient) semantic.Store { return semantic.NewFlat(c, 0, 0) },
		"sets":  func(c goredis.UniversalClient) semantic.Store { return semantic.NewSets(c) },
		"mixed": func(c goredis.UniversalClient) semantic.Store { return semantic.NewMixed(c, 0, 0) },
		"grown": func(c goredis.UniversalClient) semantic.Store { return semantic.NewMixed(c, 1, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t)
			if name != "flat" && !semantic.HasSets(t.Context(), c) {
				t.Skip("SKIPPED: this Redis has no vector sets")
			}
			test(t, c, make(c))
		})
	}
}

var embedder = semcache.Lexical{Dimension: 64}

func entry(question, answer string, group uint64) *semantic.Entry {
	return &semantic.Entry{
		Question: question, Vector: embedder.Embed(semcache.Read(question)), Group: group, Answer: []byte(answer), TTL: time.Hour,
	}
}

func TestEntriesAreFoundByNearness(t *testing.T) {
	eachStore(t, func(t *testing.T, c goredis.UniversalClient, s semantic.Store) {
		p, ctx := place(t, c), t.Context()
		q := entry("how do I change my pin", "", 1).Vector
		near, err := s.Near(ctx, p, q, 5)
		require.NoError(t, err)
		require.Empty(t, near)

		ids := map[string]string{}
		for i, question := range []string{"how can I change my pin", "how do I change my address", "what is the weather like in Rome"} {
			ids[question], err = s.Add(ctx, p, entry(question, "answer to "+question, uint64(i+1)))
			require.NoError(t, err)
		}
		near, err = s.Near(ctx, p, q, 2)
		require.NoError(t, err)
		require.Len(t, near, 2)
		require.Equal(t, "how can I change my pin", near[0].Text.String())
		require.Equal(t, "how do I change my address", near[1].Text.String())
		require.Equal(t, ids[near[0].Text.String()], near[0].ID)
		require.EqualValues(t, 1, near[0].Group)
		require.InDelta(t, float64(semcache.Dot(q, near[0].Vector)), near[0].Cosine, 1e-6)

		answer, err := s.Answer(ctx, p, near[0].ID)
		require.NoError(t, err)
		require.Equal(t, "answer to how can I change my pin", string(answer))

		require.NoError(t, s.Remove(ctx, p, near[0].ID))
		answer, err = s.Answer(ctx, p, near[0].ID)
		require.NoError(t, err)
		require.Nil(t, answer)
		near, err = s.Near(ctx, p, q, 5)
		require.NoError(t, err)
		require.Len(t, near, 2)
		require.Equal(t, "how do I change my address", near[0].Text.String())
	})
}

// TestG2PartitionsDoNotMeet: neither of another partition nor of another tenant.
func TestG2PartitionsDoNotMeet(t *testing.T) {
	eachStore(t, func(t *testing.T, c goredis.UniversalClient, s semantic.Store) {
		p, ctx := place(t, c), t.Context()
		id, err := s.Add(ctx, p, entry("how do I change my pin", "secret", 1))
		require.NoError(t, err)
		other := *p
		other.Partition = (&semcache.Partition{Tenant: p.Tenant, Model: "claude"}).Key()
		for _, elsewhere := range []*semantic.Place{&other, place(t, c)} {
			near, err := s.Near(ctx, elsewhere, entry("how do I change my pin", "", 1).Vector, 5)
			require.NoError(t, err)
			require.Empty(t, near)
			answer, err := s.Answer(ctx, elsewhere, id)
			require.NoError(t, err)
			require.Nil(t, answer)
		}
	})
}

// TestG9Generations: an invalidation costs one increment and leaves nothing
// reachable.
func TestG9Generations(t *testing.T) {
	eachStore(t, func(t *testing.T, c goredis.UniversalClient, s semantic.Store) {
		ctx := t.Context()
		p := place(t, c, "model:gpt", "source:handbook")
		kept := *p
		kept.Labels, kept.Partition = []string{"model:other"}, "other"
		q := entry("how do I change my pin", "yes", 1)
		for _, labels := range [][]string{{"source:handbook"}, {"model:gpt"}, nil} {
			id, err := s.Add(ctx, p, q)
			require.NoError(t, err)
			_, err = s.Add(ctx, &kept, q)
			require.NoError(t, err)
			require.NoError(t, semantic.Invalidate(ctx, c, p.Tenant, labels...))
			near, err := s.Near(ctx, p, q.Vector, 5)
			require.NoError(t, err)
			require.Empty(t, near, labels)
			answer, err := s.Answer(ctx, p, id)
			require.NoError(t, err)
			require.Nil(t, answer, labels)
			near, err = s.Near(ctx, &kept, q.Vector, 5)
			require.NoError(t, err)
			require.Equal(t, labels == nil, len(near) == 0, labels)
		}
	})
}

// TestG14Sealed: no text and no answer stands in Redis in the clear, every key
// begins with the tenant, and another tenant's key opens nothing.
func TestG14Sealed(t *testing.T) {
	eachStore(t, func(t *testing.T, c goredis.UniversalClient, s semantic.Store) {
		p, ctx := place(t, c), t.Context()
		id, err := s.Add(ctx, p, entry("how do I reach Zanzibar", "take the ferry to Unguja", 1))
		require.NoError(t, err)
		keys := keysOf(t, c, p.Tenant)
		require.GreaterOrEqual(t, len(keys), 2)
		for _, k := range keys {
			require.True(t, strings.HasPrefix(k, "{"+p.Tenant+"}:"), k)
			raw, err := c.Dump(ctx, k).Result()
			require.NoError(t, err)
			for _, word := range []string{"Zanzibar", "ferry", "Unguja", "reach"} {
				require.NotContains(t, raw, word, k)
				require.NotContains(t, k, word)
			}
			require.Greater(t, c.TTL(ctx, k).Val(), 30*time.Minute, k)
		}
		thief := *p
		thief.Sealer = box(t, stacktest.TenantID())
		_, err = s.Answer(ctx, &thief, id)
		require.ErrorIs(t, err, secret.ErrCannotOpen)
	})
}

func TestAnEntryWithoutVectorOrGroupIsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, c goredis.UniversalClient, s semantic.Store) {
		p := place(t, c)
		for _, e := range []*semantic.Entry{{Question: "q", Group: 1}, {Question: "q", Vector: []float32{1}}} {
			_, err := s.Add(t.Context(), p, e)
			require.ErrorContains(t, err, "a vector of 1 to")
		}
	})
}

// TestBothFindTheSame: on random vectors the approximate search finds nearly what
// the scan finds, and other processes see what one added.
func TestBothFindTheSame(t *testing.T) {
	t.Parallel()
	c := open(t)
	if !semantic.HasSets(t.Context(), c) {
		t.Skip("SKIPPED: this Redis has no vector sets")
	}
	p, ctx, r := place(t, c), t.Context(), rand.New(rand.NewPCG(1, 1))
	grown, reader := semantic.NewMixed(c, 150, 0), semantic.NewFlat(c, 1000, 0)
	vector := func() []float32 {
		v := make([]float32, 32)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return semcache.Unit(v)
	}
	for i := range 140 {
		_, err := grown.Add(ctx, p, &semantic.Entry{Question: fmt.Sprint("question ", i), Vector: vector(), Group: 1, Answer: []byte("a"), TTL: time.Hour})
		require.NoError(t, err)
	}
	sets, common, all := semantic.NewSets(c), 0, 0
	for range 20 {
		q := vector()
		scanned, err := reader.Near(ctx, p, q, 10)
		require.NoError(t, err)
		require.Len(t, scanned, 10)
		searched, err := sets.Near(ctx, p, q, 10)
		require.NoError(t, err)
		found := map[string]bool{}
		for _, n := range searched {
			found[n.ID] = true
		}
		for _, n := range scanned {
			all++
			if found[n.ID] {
				common++
			}
		}
	}
	require.Greater(t, common*10, all*9, "%d of %d", common, all)
}

func TestDecodedPartitionsAreBounded(t *testing.T) {
	t.Parallel()
	c := open(t)
	s, ctx := semantic.NewFlat(c, 0, 1), t.Context() // a byte: only the last partition stays
	a, b := place(t, c), place(t, c)
	for _, p := range []*semantic.Place{a, b, a, b} {
		_, err := s.Add(ctx, p, entry("how do I change my pin", "yes", 1))
		require.NoError(t, err)
		_, err = s.Near(ctx, p, entry("pin", "", 1).Vector, 5)
		require.NoError(t, err)
	}
	for _, p := range []*semantic.Place{a, b} {
		near, err := s.Near(ctx, p, entry("pin", "", 1).Vector, 5)
		require.NoError(t, err)
		require.Len(t, near, 2, "read anew")
	}
}
