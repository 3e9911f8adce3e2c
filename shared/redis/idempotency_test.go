package redis_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestAClaimLivesAsLongAsItsProcess(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.Env(t).RedisURL))
	id, ctx := tenant(t, c), context.Background()
	claim, _, err := redis.NewClaims(c).Begin(ctx, id, "key")
	require.NoError(t, err)
	defer claim.Release()
	keys, err := c.Keys(ctx, "{"+id+"}:idem:*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 1)
	left := func() time.Duration { return c.PTTL(ctx, keys[0]).Val() }
	require.Positive(t, left(), "without a heartbeat the key becomes free")
	require.LessOrEqual(t, left(), 10*time.Second)
	require.Eventually(t, func() bool { return left() < 9*time.Second }, 5*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return left() > 9*time.Second }, 5*time.Second, 10*time.Millisecond)
}

func TestAClaimIsHeldStoredAndReleased(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.Env(t).RedisURL))
	id, claims, ctx := tenant(t, c), redis.NewClaims(c), context.Background()

	first, answer, err := claims.Begin(ctx, id, "key")
	require.NoError(t, err)
	require.NotNil(t, first)
	require.Nil(t, answer)
	second, answer, err := claims.Begin(ctx, id, "key")
	require.NoError(t, err)
	require.Nil(t, second, "it runs already")
	require.Nil(t, answer)
	answer, err = claims.Load(ctx, id, "key")
	require.NoError(t, err)
	require.Nil(t, answer, "nothing partial is stored")
	other, _, err := claims.Begin(ctx, stacktest.TenantID(), "key")
	require.NoError(t, err)
	require.NotNil(t, other, "a key belongs to its tenant")
	other.Release()

	first.Release()
	second, _, err = claims.Begin(ctx, id, "key")
	require.NoError(t, err)
	require.NotNil(t, second, "released: free again")
	stored, err := first.Store(ctx, []byte("late"))
	require.NoError(t, err)
	require.False(t, stored, "a claim that was given up stores nothing")
	stored, err = second.Store(ctx, []byte("sealed"))
	require.NoError(t, err)
	require.True(t, stored)
	second.Release()
	third, answer, err := claims.Begin(ctx, id, "key")
	require.NoError(t, err)
	require.Nil(t, third)
	require.Equal(t, "sealed", string(answer))

	big, _, err := claims.Begin(ctx, id, "big")
	require.NoError(t, err)
	stored, err = big.Store(ctx, bytes.Repeat([]byte("x"), redis.MostAnswer+1))
	require.NoError(t, err)
	require.False(t, stored)
	release, ok, err := claims.Claim(ctx, id, "big")
	require.NoError(t, err)
	require.True(t, ok, "an answer that is too large leaves the key free")
	release()
}
