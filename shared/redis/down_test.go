package redis_test

import (
	"context"
	"errors"
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

func TestWithRedisDownCallersFailAtOnceAndRowsWait(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t, "--appendfsync", "always")
	c := open(t, server.URL())
	s, id, ctx := newTable(), stacktest.TenantID(), context.Background()
	l := newLedger(t, c, s)
	require.NoError(t, l.Open(ctx, id))
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 1000)}
	var calls []*llm.Settlement
	for range 10 {
		a := admission(id, limits, 20, 0)
		v, err := l.Admit(ctx, a)
		require.NoError(t, err)
		calls = append(calls, settlement(a, v, 15, 0))
	}
	server.Kill()

	for range 50 {
		_, err := l.Admit(ctx, admission(id, limits, 20, 0))
		require.Equal(t, "ledger_unavailable", dcoder.AsError(err).Code)
		require.Equal(t, 503, dcoder.AsError(err).Status)
		require.Positive(t, dcoder.AsError(err).RetryAfter)
	}
	var done atomic.Int64
	for _, call := range calls {
		call.Done = func() { done.Add(1) }
		l.Settle(call)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.Drain(short), context.DeadlineExceeded)
	require.Zero(t, done.Load())

	server.Start()
	drain(t, l)
	require.EqualValues(t, 10, done.Load())
	require.Len(t, s.all(), 10)
	var v llm.Verdict
	require.Eventually(t, func() bool {
		var err error
		v, err = l.Admit(ctx, admission(id, limits, 850, 0))
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	require.True(t, v.Admitted, "%+v", v.Exceeded)
	require.Zero(t, remaining(t, v, dcoder.MetricTokens, dcoder.WindowDay))
}

func TestAFrozenRedisHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t)
	l := newLedger(t, open(t, server.URL()), newTable())
	id, ctx := stacktest.TenantID(), context.Background()
	require.NoError(t, l.Open(ctx, id))
	_, err := l.Admit(ctx, admission(id, nil, 1, 0))
	require.NoError(t, err)
	server.Freeze()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			_, err := l.Admit(ctx, admission(id, nil, 1, 0))
			require.Equal(t, "ledger_unavailable", dcoder.AsError(err).Code)
		})
	}
	wg.Wait()
	server.Thaw()
	require.Eventually(t, func() bool {
		_, err := l.Admit(ctx, admission(id, nil, 1, 0))
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
}

func TestRowsThatNobodyTakesAreHandedOver(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t)
	var mu sync.Mutex
	kept := map[string]bool{}
	l := newLedger(t, open(t, server.URL()), newTable(), func(cfg *redis.Config) {
		cfg.Queue = 5
		cfg.OnUndeliverable = func(r dcoder.UsageRecord) error {
			mu.Lock()
			defer mu.Unlock()
			if kept[r.ID] {
				return errors.New("twice")
			}
			kept[r.ID] = true
			return nil
		}
	})
	id, ctx := stacktest.TenantID(), context.Background()
	require.NoError(t, l.Open(ctx, id))
	var done atomic.Int64
	var calls []*llm.Settlement
	for range 12 {
		a := admission(id, nil, 1, 0)
		v, err := l.Admit(ctx, a)
		require.NoError(t, err)
		calls = append(calls, settlement(a, v, 1, 0))
		calls[len(calls)-1].Done = func() { done.Add(1) }
	}
	server.Kill()
	for _, call := range calls {
		l.Settle(call)
	}
	l.Close()
	require.Eventually(t, func() bool { return done.Load() == 12 }, 10*time.Second, 10*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, kept, 12)
}

// Whoever leaves before the verdict holds nothing: Admit returns the error of
// its context, what it may have reserved is released, and no row is written.
func TestACallerThatLeavesHoldsNothing(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t)
	s := newTable()
	l := newLedger(t, open(t, server.URL()), s)
	id, ctx := stacktest.TenantID(), context.Background()
	require.NoError(t, l.Open(ctx, id))
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricRequests, dcoder.WindowDay, 1000)}
	_, err := l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)

	server.Freeze() // calls pile up, then some leave
	var left, stayed atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			ctx := ctx
			if i%2 == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
			}
			v, err := l.Admit(ctx, admission(id, limits, 1, 0))
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				left.Add(1)
			case err == nil && v.Admitted:
				stayed.Add(1)
			default:
				t.Errorf("neither left nor admitted: %v", err)
			}
		})
	}
	require.Eventually(t, func() bool { return left.Load() >= 90 }, 5*time.Second, time.Millisecond)
	server.Thaw()
	wg.Wait()
	drain(t, l)
	require.Empty(t, s.all())
	v, err := l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.Equal(t, 1000-2-stayed.Load(), remaining(t, v, dcoder.MetricRequests, dcoder.WindowDay))
}

func TestScriptsAreSentAgainWhenRedisForgotThem(t *testing.T) {
	t.Parallel()
	c := open(t, stacktest.OwnRedis(t).URL())
	s, id, ctx := newTable(), stacktest.TenantID(), context.Background()
	l := newLedger(t, c, s)
	require.NoError(t, l.Open(ctx, id))
	shelf := redis.NewShelf(c)
	for range 3 {
		require.NoError(t, c.ScriptFlush(ctx).Err())
		a := admission(id, nil, 1, 0)
		v, err := l.Admit(ctx, a)
		require.NoError(t, err)
		l.Settle(settlement(a, v, 1, 0))
		require.NoError(t, c.ScriptFlush(ctx).Err())
		drain(t, l)
		require.NoError(t, c.ScriptFlush(ctx).Err())
		_, _, err = shelf.Get(ctx, id, "k1")
		require.NoError(t, err)
	}
	require.Len(t, s.all(), 3)
}

// A Redis Cluster refuses a script that touches two slots, and a pipeline of
// several tenants is split by slot.
func TestEverythingWorksOnARedisCluster(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t, "--cluster-enabled", "yes")
	plain := open(t, server.URL())
	ctx := context.Background()
	require.NoError(t, plain.Do(ctx, "cluster", "addslotsrange", 0, 16383).Err())
	require.Eventually(t, func() bool {
		return plain.Set(ctx, "ready", 1, time.Second).Err() == nil
	}, 10*time.Second, 10*time.Millisecond)

	c := open(t, "redis+cluster://"+server.Addr())
	s := newTable()
	l := newLedger(t, c, s)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricRequests, dcoder.WindowDay, 20)}
	var wg sync.WaitGroup
	var admitted atomic.Int64
	for range 10 {
		id := stacktest.TenantID()
		require.NoError(t, l.Open(ctx, id))
		for range 30 {
			wg.Go(func() {
				a := admission(id, limits, 1, 0)
				a.Entry = "{" + id + "}:entry"
				v, err := l.Admit(ctx, a)
				require.NoError(t, err)
				if v.Admitted {
					admitted.Add(1)
					w, err := l.Extend(ctx, &llm.Extension{Admission: a, Verdict: v, More: llm.Amounts{Tokens: 1}})
					require.NoError(t, err)
					require.True(t, w.Admitted)
					l.Settle(settlement(a, v, 1, 0))
				}
			})
		}
	}
	wg.Wait()
	drain(t, l)
	require.EqualValues(t, 200, admitted.Load())
	require.Len(t, s.all(), 200)
	_, err := l.Sweep(ctx)
	require.NoError(t, err)
	shelf := redis.NewShelf(c)
	m, err := shelf.Ensure(ctx, "t1", "k1")
	require.NoError(t, err)
	require.NoError(t, shelf.Put(ctx, "t1", "k1", m, []byte("x"), time.Minute))
	sealed, _, err := shelf.Get(ctx, "t1", "k1")
	require.NoError(t, err)
	require.Equal(t, "x", string(sealed))
}

// A Redis without memory refuses a script as a whole: nothing is half done.
func TestWithoutMemoryNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	c := open(t, stacktest.OwnRedis(t).URL())
	s, id, ctx := newTable(), stacktest.TenantID(), context.Background()
	l := newLedger(t, c, s)
	require.NoError(t, l.Open(ctx, id))
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)}
	a := admission(id, limits, 60, 0)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)

	require.NoError(t, c.ConfigSet(ctx, "maxmemory", "1").Err())
	l.Settle(settlement(a, v, 40, 0))
	_, err = l.Admit(ctx, admission(id, limits, 10, 0))
	require.Equal(t, "ledger_unavailable", dcoder.AsError(err).Code)
	require.EqualValues(t, 1, c.ZCard(ctx, "{"+id+"}:x").Val(), "the reservation can still be found")
	require.Empty(t, s.all())
	require.NoError(t, c.ConfigSet(ctx, "maxmemory", "0").Err())
	drain(t, l)
	require.Len(t, s.all(), 1)
	v, err = l.Admit(ctx, admission(id, limits, 60, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted, "%+v", v.Exceeded)
	require.Zero(t, remaining(t, v, dcoder.MetricTokens, dcoder.WindowDay))
}
