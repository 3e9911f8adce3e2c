package redis_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func inFlight(scope dcoder.Scope, subject string, most int64) dcoder.Limit {
	return limit(scope, subject, dcoder.MetricParallel, dcoder.WindowNow, most)
}

func TestTwoProcessesNeverRunMoreThanTheLimitAtOnce(t *testing.T) {
	t.Parallel()
	l, c, id, _ := opened(t)
	limits := []dcoder.Limit{
		inFlight(dcoder.ScopeTenant, "", 37), inFlight(dcoder.ScopeKey, "k1", 1000),
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 1_000_000),
	}
	all := race(t, job{
		URL: patient(stacktest.Env(t).RedisURL), Tenant: id, Limits: limits, Calls: 500, Tokens: 10, Wants: 30, Expires: time.Second,
	})
	var running []string
	for _, r := range all {
		require.Empty(t, r.Err)
		if r.Admitted {
			running = append(running, r.ID)
		}
	}
	require.Len(t, running, 37, "all that fit, and no more")

	ctx := context.Background()
	v, err := l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.False(t, v.Admitted)
	require.Equal(t, limits[0], v.Exceeded.Limit)
	require.EqualValues(t, 37, v.Exceeded.Reserved)
	require.WithinDuration(t, v.Time, v.Exceeded.Reset, 2*time.Second)

	// Both processes are dead: what they held expires, and all of it is free.
	require.Eventually(t, func() bool {
		_, err := l.SweepTenant(ctx, id)
		require.NoError(t, err)
		return c.ZCount(ctx, "{"+id+"}:x", "-inf", "+inf").Val() >= 37 && len(openCalls(t, c, id)) == 0
	}, 20*time.Second, 50*time.Millisecond)
	v, err = l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted)
	require.EqualValues(t, 36, remaining(t, v, dcoder.MetricParallel, dcoder.WindowNow))
}

// Under a steady load that settles, no moment holds more than the limit, and the
// gauge is back at zero in the end.
func TestCallsInFlightAreCountedExactly(t *testing.T) {
	t.Parallel()
	l, _, id, _ := opened(t)
	limits := []dcoder.Limit{inFlight(dcoder.ScopeTenant, "", 20)}
	var now, most, admitted atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for range 20 {
				a := admission(id, limits, 1, 0)
				v, err := l.Admit(context.Background(), a)
				require.NoError(t, err)
				if !v.Admitted {
					continue
				}
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				admitted.Add(1)
				now.Add(-1)
				l.Settle(settlement(a, v, 1, 0))
			}
		})
	}
	wg.Wait()
	drain(t, l)
	require.LessOrEqual(t, most.Load(), int64(20))
	require.GreaterOrEqual(t, admitted.Load(), int64(20))
	v, err := l.Admit(context.Background(), admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.EqualValues(t, 19, remaining(t, v, dcoder.MetricParallel, dcoder.WindowNow))
}

func TestCallsInFlightAreKnownAfterALoss(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.OwnRedis(t).URL()))
	l := newLedger(t, c, newTable(), func(cfg *redis.Config) { cfg.Recovery = time.Millisecond })
	id, ctx := stacktest.TenantID(), context.Background()
	require.NoError(t, l.Open(ctx, id))
	limits := []dcoder.Limit{inFlight(dcoder.ScopeTenant, "", 2)}
	var calls []*llm.Settlement
	for range 2 {
		a := admission(id, limits, 1, 0)
		v, err := l.Admit(ctx, a)
		require.NoError(t, err)
		require.True(t, v.Admitted)
		calls = append(calls, settlement(a, v, 1, 0))
	}
	require.NoError(t, c.FlushAll(ctx).Err())
	redis.Check(l, ctx)
	v, err := l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.False(t, v.Admitted)
	require.EqualValues(t, 2, v.Exceeded.Reserved)
	for _, s := range calls {
		l.Settle(s)
	}
	drain(t, l)
	v, err = l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted)
	require.EqualValues(t, 1, remaining(t, v, dcoder.MetricParallel, dcoder.WindowNow))
}

func TestALimitOfAModelCountsThatModelOnly(t *testing.T) {
	t.Parallel()
	l, _, id, _ := opened(t)
	tokens := limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)
	tokens.Model = "gpt-5"
	for range 2 {
		v, err := l.Admit(t.Context(), admission(id, []dcoder.Limit{tokens}, 50, 0))
		require.NoError(t, err)
		require.True(t, v.Admitted)
		other := limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)
		v, err = l.Admit(t.Context(), admission(id, []dcoder.Limit{other}, 50, 0))
		require.NoError(t, err)
		require.True(t, v.Admitted)
	}
	v, err := l.Admit(t.Context(), admission(id, []dcoder.Limit{tokens}, 1, 0))
	require.NoError(t, err)
	require.Equal(t, "gpt-5", v.Exceeded.Limit.Model)
}

func TestAThrottledCallWaitsForRoom(t *testing.T) {
	t.Parallel()
	l, _, id, _ := opened(t)
	limits := []dcoder.Limit{inFlight(dcoder.ScopeTenant, "", 1)}
	limits[0].Action = dcoder.ActionThrottle
	var wg sync.WaitGroup
	for range 10 { // one after the other, and none is refused
		wg.Go(func() {
			a := admission(id, limits, 1, 0)
			v, err := l.Admit(t.Context(), a)
			require.NoError(t, err)
			require.True(t, v.Admitted)
			l.Settle(settlement(a, v, 1, 0))
		})
	}
	wg.Wait()
	drain(t, l)
	_, err := l.Admit(t.Context(), admission(id, limits, 1, 0))
	require.NoError(t, err)
	began := time.Now()
	v, err := l.Admit(t.Context(), admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.False(t, v.Admitted, "nobody ends")
	require.Less(t, time.Since(began), 5*time.Second)
}

func TestWhatWasApprovedHoldsUntilItEnds(t *testing.T) {
	t.Parallel()
	l, _, id, _ := opened(t)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 10)}
	limits[0].Raises = []dcoder.Raise{{By: 15, Until: time.Now().Add(time.Second)}, {By: 1000, Until: time.Now().Add(-time.Second)}}
	v, err := l.Admit(t.Context(), admission(id, limits, 20, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted)
	v, err = l.Admit(t.Context(), admission(id, limits, 6, 0))
	require.NoError(t, err)
	require.EqualValues(t, 25, v.Exceeded.Limit.Max)
	require.Eventually(t, func() bool {
		v, err = l.Admit(t.Context(), admission(id, limits, 1000, 0))
		require.NoError(t, err)
		return v.Exceeded.Limit.Max == 10
	}, 5*time.Second, 20*time.Millisecond)
}
