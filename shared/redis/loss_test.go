package redis_test

import (
	"context"
	"math/rand/v2"
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

// TestBudgetsHoldWhenRedisLosesEverythingInMidLoad runs two ledgers on one Redis
// that is emptied twice while 64 callers spend a denied budget. What was spent
// stands in the table; nobody may spend more than the budget, and all of it can
// be spent.
func TestBudgetsHoldWhenRedisLosesEverythingInMidLoad(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t)
	c := open(t, server.URL())
	id, s := stacktest.TenantID(), newTable()
	recovery := func(cfg *redis.Config) { cfg.Recovery = 1200 * time.Millisecond }
	ledgers := []*redis.Ledger{newLedger(t, c, s, recovery), newLedger(t, open(t, server.URL()), s, recovery)}
	require.NoError(t, ledgers[0].Open(context.Background(), id))
	const budget = 3_000
	limits := []dcoder.Limit{
		limit(dcoder.ScopeTenant, "", dcoder.MetricMoney, dcoder.WindowMonth, budget),
		limit(dcoder.ScopeKey, "k1", dcoder.MetricMoney, dcoder.WindowDay, 1e9),
	}

	var admitted, refused, failed atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for refused.Load() < 300 {
				a := admission(id, limits, 1, 3)
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				v, err := ledgers[i%2].Admit(ctx, a)
				cancel()
				switch {
				case err != nil:
					failed.Add(1)
				case !v.Admitted:
					refused.Add(1)
				default:
					if admitted.Add(1)%300 == 0 && admitted.Load() < 900 {
						require.NoError(t, c.FlushAll(context.Background()).Err())
					}
					if rand.IntN(10) == 0 { // a call that runs on over the loss
						<-time.After(time.Duration(rand.IntN(700)) * time.Millisecond)
					}
					ledgers[i%2].Settle(settlement(a, v, 1, rand.Int64N(4)))
				}
			}
		})
	}
	wg.Wait()
	for _, l := range ledgers {
		drain(t, l)
	}
	spent, calls := int64(0), 0
	for _, r := range s.all() {
		spent += r.Cost
		calls++
	}
	require.EqualValues(t, admitted.Load(), calls, "each admitted call has one row")
	require.LessOrEqual(t, spent, int64(budget))
	require.Zero(t, failed.Load(), "callers wait for the recovery")
	v, err := ledgers[1].Admit(context.Background(), admission(id, limits, 1, budget-spent+1))
	require.NoError(t, err)
	require.False(t, v.Admitted)
	v, err = ledgers[0].Admit(context.Background(), admission(id, limits, 1, budget-spent))
	require.NoError(t, err)
	require.True(t, v.Admitted, "what is left can be spent: %+v of %d", v.Exceeded, spent)
	t.Logf("%d calls, %d of %d spent, two losses", calls, spent, budget)
}

func TestRunningCallsAreRegisteredAgainAfterALoss(t *testing.T) {
	t.Parallel()
	c := open(t, stacktest.OwnRedis(t).URL())
	l := newLedger(t, c, newTable(), func(cfg *redis.Config) { cfg.Recovery = time.Millisecond })
	id, ctx := stacktest.TenantID(), context.Background()
	require.NoError(t, l.Open(ctx, id))
	limits := []dcoder.Limit{
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100),
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowMinute, 1000),
	}
	a := admission(id, limits, 40, 0)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	w, err := l.Extend(ctx, &llm.Extension{Admission: a, Verdict: v, SoFar: dcoder.Tokens{Output: 30}, More: llm.Amounts{Tokens: 20}})
	require.NoError(t, err)
	require.True(t, w.Admitted)
	require.NoError(t, c.FlushAll(ctx).Err())
	redis.Check(l, ctx)

	b := admission(id, limits, 41, 0)
	w, err = l.Admit(ctx, b)
	require.NoError(t, err)
	require.False(t, w.Admitted, "the running call still holds 60")
	require.EqualValues(t, 60, w.Exceeded.Reserved)
	require.NotEqual(t, v.Epoch, w.Epoch)
	require.NotZero(t, w.TenantGen, "lost generations are made anew")
	require.Greater(t, w.TenantGen, v.TenantGen)
	more, err := l.Extend(ctx, &llm.Extension{Admission: a, Verdict: v, SoFar: dcoder.Tokens{Output: 55}, More: llm.Amounts{Tokens: 20}})
	require.NoError(t, err)
	require.True(t, more.Admitted)

	l.Settle(settlement(a, v, 70, 0))
	drain(t, l)
	w, err = l.Admit(ctx, admission(id, limits, 30, 0))
	require.NoError(t, err)
	require.True(t, w.Admitted, "%+v", w.Exceeded)
	require.Zero(t, remaining(t, w, dcoder.MetricTokens, dcoder.WindowDay))
}

func TestACallThatWasLostWithRedisIsSettledOnce(t *testing.T) {
	t.Parallel()
	c := open(t, stacktest.OwnRedis(t).URL())
	s := newTable()
	l := newLedger(t, c, s, func(cfg *redis.Config) { cfg.Recovery = time.Millisecond })
	id, ctx := stacktest.TenantID(), context.Background()
	require.NoError(t, l.Open(ctx, id))
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)}
	a := admission(id, limits, 40, 0)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	require.NoError(t, c.FlushAll(ctx).Err())
	first, err := l.Admit(ctx, admission(id, limits, 1, 0)) // a new epoch with known counters
	require.NoError(t, err)
	require.True(t, first.Admitted)
	for range 3 {
		l.Settle(settlement(a, v, 50, 0))
		drain(t, l)
	}
	require.Equal(t, map[string]int{a.ID + "/2": 1}, s.events)
	w, err := l.Admit(ctx, admission(id, limits, 49, 0))
	require.NoError(t, err)
	require.True(t, w.Admitted, "%+v", w.Exceeded)
	require.Zero(t, remaining(t, w, dcoder.MetricTokens, dcoder.WindowDay))
}

// A crash of Redis may lose the last second of its log: the reservation is gone
// and the epoch is not.
func TestAReservationThatRedisForgotIsStillSettledOnce(t *testing.T) {
	t.Parallel()
	l, c, id, s := opened(t)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)}
	ctx := context.Background()
	a := admission(id, limits, 40, 0)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	c.HDel(ctx, "{"+id+"}:r", a.ID)
	c.ZRem(ctx, "{"+id+"}:x", a.ID)
	for range 2 {
		l.Settle(settlement(a, v, 30, 0))
		drain(t, l)
	}
	require.Equal(t, map[string]int{a.ID + "/2": 1}, s.events)
}

func TestANewLimitBeginsWithWhatTheTableAndTheOutboxHold(t *testing.T) {
	t.Parallel()
	l, c, id, _ := opened(t, func(cfg *redis.Config) {
		seeded := newTable()
		cfg.OnWritten = nil // rows stay in the outbox
		cfg.Seeder = seeded
	})
	ctx := context.Background()
	a := admission(id, nil, 1, 1)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	l.Settle(settlement(a, v, 70, 7))
	drain(t, l)
	require.EqualValues(t, 1, c.XLen(ctx, "{"+id+"}:usage").Val())

	limits := []dcoder.Limit{
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100),
		limit(dcoder.ScopeKey, "k1", dcoder.MetricTokens, dcoder.WindowMinute, 1000),
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			v, err := l.Admit(ctx, admission(id, limits, 30, 0))
			require.NoError(t, err)
			if !v.Admitted {
				require.Equal(t, limits[0], v.Exceeded.Limit)
			}
		})
	}
	wg.Wait()
	v, err = l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.False(t, v.Admitted)
	require.EqualValues(t, 70, v.Exceeded.Used)
	require.EqualValues(t, 30, v.Exceeded.Reserved, "one of fifty fitted")
}

type brokenSeeder struct{}

func (brokenSeeder) Seed(context.Context, string, string, []dcoder.Limit, time.Time) ([]int64, error) {
	return nil, context.DeadlineExceeded
}

func TestWithoutTheTableAnUnknownCounterStaysUnknown(t *testing.T) {
	t.Parallel()
	l, _, id, s := opened(t, func(cfg *redis.Config) { cfg.Seeder = brokenSeeder{} })
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)}
	for range 2 {
		_, err := l.Admit(context.Background(), admission(id, limits, 1, 0))
		require.Equal(t, "ledger_recovering", dcoder.AsError(err).Code)
		require.Equal(t, 503, dcoder.AsError(err).Status)
		require.Positive(t, dcoder.AsError(err).RetryAfter)
	}
	v, err := l.Admit(context.Background(), admission(id, nil, 1, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted, "a call without limits waits for nothing")
	drain(t, l)
	require.Empty(t, s.all())
}

func TestATenantWithoutLimitsDoesNotWaitForARecovery(t *testing.T) {
	t.Parallel()
	c := open(t, stacktest.Env(t).RedisURL)
	l := newLedger(t, c, newTable(), func(cfg *redis.Config) { cfg.Recovery = time.Hour })
	id := tenant(t, c)
	v, err := l.Admit(context.Background(), admission(id, nil, 1, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = l.Admit(ctx, admission(id, limits, 1, 0))
	require.ErrorIs(t, err, context.DeadlineExceeded, "one with limits does")
}
