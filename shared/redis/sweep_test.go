package redis_test

import (
	"context"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// expire makes a reservation look as old as one whose process died.
func expire(t *testing.T, c goredis.UniversalClient, tenant, id string) {
	t.Helper()
	n, err := c.ZAddXX(context.Background(), "{"+tenant+"}:x", goredis.Z{Score: 1, Member: id}).Result()
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestALostCallBecomesOneRowAndALateSettlementCorrectsItOnce(t *testing.T) {
	t.Parallel()
	l, c, id, s := opened(t)
	limits := []dcoder.Limit{
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 1000),
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowMinute, 1000),
		limit(dcoder.ScopeTenant, "", dcoder.MetricMoney, dcoder.WindowMonth, 1000),
	}
	ctx := context.Background()
	a := admission(id, limits, 600, 300)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	_, err = l.Extend(ctx, &llm.Extension{
		Admission: a, Verdict: v, SoFar: dcoder.Tokens{Input: 20, Output: 100}, Cost: 70, More: llm.Amounts{Tokens: 100},
	})
	require.NoError(t, err)

	n, err := l.SweepTenant(ctx, id)
	require.NoError(t, err)
	require.Zero(t, n, "a call with a heartbeat is not swept")
	expire(t, c, id, a.ID)
	n, err = l.SweepTenant(ctx, id)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = l.SweepTenant(ctx, id)
	require.NoError(t, err)
	require.Zero(t, n, "a call is swept once")
	row, _ := s.row(a.ID)
	require.Equal(t, dcoder.UsageLost, row.State)
	require.True(t, row.Estimated)
	require.Equal(t, dcoder.Tokens{Input: 20, Output: 100}, row.Tokens)
	require.EqualValues(t, 70, row.Cost)
	require.Equal(t, "gpt-5", row.ModelServed)
	require.Equal(t, 1, row.Revision)

	b := admission(id, limits, 880, 930)
	w, err := l.Admit(ctx, b)
	require.NoError(t, err)
	require.True(t, w.Admitted, "only what the heartbeat said is held: %+v", w.Exceeded)
	l.Settle(&llm.Settlement{Admission: b, Verdict: w, Release: true})

	for range 2 {
		l.Settle(settlement(a, v, 500, 250))
		drain(t, l)
	}
	row, _ = s.row(a.ID)
	require.Equal(t, 2, row.Revision)
	require.Equal(t, dcoder.UsageFinal, row.State)
	require.Equal(t, map[string]int{a.ID + "/1": 1, a.ID + "/2": 1}, s.events)
	w, err = l.Admit(ctx, admission(id, limits, 500, 750))
	require.NoError(t, err)
	require.True(t, w.Admitted, "the late settlement corrects by the difference: %+v", w.Exceeded)
	require.Zero(t, remaining(t, w, dcoder.MetricTokens, dcoder.WindowDay))
	require.Zero(t, remaining(t, w, dcoder.MetricTokens, dcoder.WindowMinute))
}

func TestASweepVisitsAllActiveTenants(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.OwnRedis(t).URL()))
	s := newTable()
	l := newLedger(t, c, s)
	ctx := context.Background()
	want := map[string]bool{}
	for i := range 600 {
		id := stacktest.TenantID()
		a := admission(id, nil, 1, 1)
		v, err := l.Admit(ctx, a)
		require.NoError(t, err)
		if i%100 == 0 {
			expire(t, c, id, a.ID)
			want[a.ID] = true
		} else {
			l.Settle(&llm.Settlement{Admission: a, Verdict: v, Release: true})
		}
	}
	drain(t, l)
	n, err := l.Sweep(ctx)
	require.NoError(t, err)
	require.Equal(t, len(want), n)
	for id := range want {
		row, ok := s.row(id)
		require.True(t, ok)
		require.Equal(t, dcoder.UsageLost, row.State)
	}
	n, err = l.Sweep(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestTombstonesAreRemovedAndIdleTenantsForgotten(t *testing.T) {
	t.Parallel()
	l, c, id, _ := opened(t)
	ctx := context.Background()
	a := admission(id, nil, 1, 1)
	_, err := l.Admit(ctx, a)
	require.NoError(t, err)
	expire(t, c, id, a.ID)
	_, err = l.SweepTenant(ctx, id)
	require.NoError(t, err)
	require.EqualValues(t, 1, c.HLen(ctx, "{"+id+"}:r").Val())
	expire(t, c, id, "~"+a.ID)
	_, err = l.SweepTenant(ctx, id)
	require.NoError(t, err)
	require.Zero(t, c.Exists(ctx, "{"+id+"}:r", "{"+id+"}:x").Val())

	listed := func() error { return c.ZScore(ctx, "dcoder:active", id).Err() }
	require.NoError(t, listed())
	c.ZAdd(ctx, "dcoder:active", goredis.Z{Score: float64(time.Now().Add(-2 * time.Hour).Unix()), Member: id})
	_, err = l.SweepTenant(ctx, id)
	require.NoError(t, err)
	require.NoError(t, listed(), "the outbox still holds a row")
	entries, err := redis.NewOutbox(c).Pending(ctx, id, 0, 10)
	require.NoError(t, err)
	require.NoError(t, redis.NewOutbox(c).Delete(ctx, id, entries[0].ID))
	_, err = l.SweepTenant(ctx, id)
	require.NoError(t, err)
	require.ErrorIs(t, listed(), goredis.Nil)
}
