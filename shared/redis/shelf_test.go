package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestSnapshotsAreKeptWhileTheirMarksHold(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.Env(t).RedisURL))
	id, s, ctx := tenant(t, c), redis.NewShelf(c), context.Background()

	sealed, m, err := s.Get(ctx, id, "k1")
	require.NoError(t, err)
	require.Nil(t, sealed)
	require.Equal(t, auth.Marks{}, m, "nothing is known")
	m, err = s.Ensure(ctx, id, "k1")
	require.NoError(t, err)
	require.NotZero(t, m.TenantGen)
	require.NotZero(t, m.KeyGen)
	again, err := s.Ensure(ctx, id, "k1")
	require.NoError(t, err)
	require.Equal(t, m, again)

	require.NoError(t, s.Put(ctx, id, "k1", m, []byte("one"), time.Minute))
	t.Cleanup(func() { c.Del(ctx, "{"+id+"}:snap:k1") })
	sealed, got, err := s.Get(ctx, id, "k1")
	require.NoError(t, err)
	require.Equal(t, "one", string(sealed))
	require.Equal(t, m, got)
	require.Greater(t, c.PTTL(ctx, "{"+id+"}:snap:k1").Val(), 50*time.Second)

	require.NoError(t, s.Changing(ctx, id, "k1"))
	_, during, err := s.Get(ctx, id, "k1")
	require.NoError(t, err)
	require.True(t, during.Dirty)
	require.Greater(t, during.KeyGen, m.KeyGen)
	require.Equal(t, m.TenantGen, during.TenantGen)
	require.NoError(t, s.Put(ctx, id, "k1", m, []byte("old"), time.Minute))
	sealed, _, err = s.Get(ctx, id, "k1")
	require.NoError(t, err)
	require.Equal(t, "one", string(sealed), "a snapshot of old marks is not stored")

	require.NoError(t, s.Changed(ctx, id, "k1"))
	require.NoError(t, s.Changed(ctx, id))
	_, after, err := s.Get(ctx, id, "k1")
	require.NoError(t, err)
	require.Greater(t, after.KeyGen, during.KeyGen)
	require.Greater(t, after.TenantGen, during.TenantGen)
	require.NoError(t, s.Put(ctx, id, "k1", after, []byte("two"), time.Minute))
	require.LessOrEqual(t, c.PTTL(ctx, "{"+id+"}:snap:k1").Val(), time.Second, "while dirty a snapshot lives for a second")
}

func TestTheVerdictCarriesTheGenerations(t *testing.T) {
	t.Parallel()
	l, c, id, _ := opened(t)
	s, ctx := redis.NewShelf(c), context.Background()
	v, err := l.Admit(ctx, admission(id, nil, 1, 0))
	require.NoError(t, err)
	require.False(t, v.Dirty)
	m, err := s.Ensure(ctx, id, "k1")
	require.NoError(t, err)
	require.Equal(t, m.TenantGen, v.TenantGen)
	require.Equal(t, m.KeyGen, v.KeyGen)

	require.NoError(t, s.Changing(ctx, id, "k1"))
	v, err = l.Admit(ctx, admission(id, nil, 1, 0))
	require.NoError(t, err)
	require.True(t, v.Dirty)
	require.Greater(t, v.KeyGen, m.KeyGen)
}
