package redis_test

import (
	"context"
	"encoding/json"
	"strings"
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

func ofPlatform(m dcoder.Metric, w dcoder.Window, most int64) dcoder.Limit {
	return limit(dcoder.ScopePlatform, "", m, w, most)
}

// TestThePlatformsLimitHoldsOverTenantsAndProcesses lets two processes call for
// four tenants at once.
func TestThePlatformsLimitHoldsOverTenantsAndProcesses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		limit dcoder.Limit
	}{
		{"requests", ofPlatform(dcoder.MetricRequests, dcoder.WindowDay, 700)},
		{"tokens", ofPlatform(dcoder.MetricTokens, dcoder.WindowDay, 7_013)},
		{"in flight", ofPlatform(dcoder.MetricParallel, dcoder.WindowNow, 301)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := stacktest.OwnRedis(t)
			c := open(t, server.URL())
			l := newLedger(t, c, newTable())
			var tenants []string
			for range 4 {
				id := stacktest.TenantID()
				require.NoError(t, l.Open(t.Context(), id))
				tenants = append(tenants, id)
			}
			var mu sync.Mutex
			var all []result
			var wg sync.WaitGroup
			for range 2 {
				_, out := worker(t, job{
					URL: patient(server.URL()), Tenant: strings.Join(tenants, ","), Limits: []dcoder.Limit{tt.limit}, Calls: 500, Tokens: 10, Wants: 20,
				})
				wg.Go(func() {
					some := results(t, out)
					mu.Lock()
					defer mu.Unlock()
					all = append(all, some...)
				})
			}
			wg.Wait()
			require.Len(t, all, 1000)
			admitted, tokens := int64(0), int64(0)
			for _, r := range all {
				require.Empty(t, r.Err)
				if r.Admitted {
					admitted++
				}
				tokens += r.Tokens
			}
			got := map[dcoder.Metric]int64{
				dcoder.MetricRequests: admitted, dcoder.MetricTokens: tokens, dcoder.MetricParallel: admitted,
			}[tt.limit.Metric]
			require.LessOrEqual(t, got, tt.limit.Max)
			require.Greater(t, got, tt.limit.Max*8/10, "few lie with tenants that do not need them")

			// What they lie with is collected, and all of the limit can be used.
			_, err := l.CollectLeases(t.Context())
			require.NoError(t, err)
			for tt.limit.Metric != dcoder.MetricTokens && got < tt.limit.Max {
				v, err := l.Admit(t.Context(), admission(tenants[got%4], []dcoder.Limit{tt.limit}, 1, 0))
				require.NoError(t, err)
				require.True(t, v.Admitted, "%d of %d: %+v", got, tt.limit.Max, v.Exceeded)
				got++
				_, err = l.CollectLeases(t.Context())
				require.NoError(t, err)
			}
			v, err := l.Admit(t.Context(), admission(tenants[0], []dcoder.Limit{tt.limit}, 100, 0))
			require.NoError(t, err)
			require.False(t, v.Admitted)
			require.Equal(t, dcoder.ScopePlatform, v.Exceeded.Limit.Scope)
			require.Equal(t, tt.limit.Max, v.Exceeded.Limit.Max)
			require.False(t, v.Exceeded.Reset.IsZero())
		})
	}
}

func TestWhatIsSettledBelowItsReservationComesBackToThePlatform(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.OwnRedis(t).URL()))
	l := newLedger(t, c, newTable())
	ctx := context.Background()
	a, b := stacktest.TenantID(), stacktest.TenantID()
	limits := []dcoder.Limit{ofPlatform(dcoder.MetricTokens, dcoder.WindowMonth, 1000)}
	for _, id := range []string{a, b} {
		require.NoError(t, l.Open(ctx, id))
	}
	first := admission(a, limits, 1000, 0)
	v, err := l.Admit(ctx, first)
	require.NoError(t, err)
	require.True(t, v.Admitted)
	w, err := l.Admit(ctx, admission(b, limits, 1, 0))
	require.NoError(t, err)
	require.False(t, w.Admitted)
	require.EqualValues(t, 1000, w.Exceeded.Used)
	l.Settle(settlement(first, v, 400, 0))
	drain(t, l)
	_, err = l.CollectLeases(ctx)
	require.NoError(t, err)
	w, err = l.Admit(ctx, admission(b, limits, 600, 0))
	require.NoError(t, err)
	require.True(t, w.Admitted, "%+v", w.Exceeded)
	w, err = l.Admit(ctx, admission(a, limits, 1, 0))
	require.NoError(t, err)
	require.False(t, w.Admitted)
}

type platformTable struct{ used atomic.Int64 }

func (p *platformTable) SeedPlatform(_ context.Context, l dcoder.Limit, from, to time.Time) (int64, error) {
	if !from.Before(to) || l.Scope != dcoder.ScopePlatform {
		panic("a period that is none")
	}
	return p.used.Load(), nil
}

func TestThePlatformsLimitHoldsAfterALoss(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t)
	c := open(t, server.URL())
	rows := &platformTable{}
	cfg := func(cfg *redis.Config) { cfg.Recovery, cfg.PlatformSeeder = time.Millisecond, rows }
	ledgers := []*redis.Ledger{newLedger(t, c, newTable(), cfg), newLedger(t, open(t, server.URL()), newTable(), cfg)}
	ctx := context.Background()
	tenants := []string{stacktest.TenantID(), stacktest.TenantID(), stacktest.TenantID()}
	limits := []dcoder.Limit{ofPlatform(dcoder.MetricTokens, dcoder.WindowDay, 1000)}
	var spent int64
	spend := func(l *redis.Ledger, tenant string, n int64) bool {
		a := admission(tenant, limits, n, 0)
		v, err := l.Admit(ctx, a)
		require.NoError(t, err)
		if v.Admitted {
			l.Settle(settlement(a, v, n, 0))
			spent += n
		}
		return v.Admitted
	}
	for i := range 30 {
		require.True(t, spend(ledgers[i%2], tenants[i%3], 10))
	}
	for _, l := range ledgers {
		drain(t, l)
	}
	rows.used.Store(spent)
	require.NoError(t, c.FlushAll(ctx).Err())
	for i := range 200 {
		spend(ledgers[i%2], tenants[i%3], 10)
	}
	require.LessOrEqual(t, spent, int64(1000))
	require.GreaterOrEqual(t, spent, int64(900))
}

func TestWithoutALimitOfThePlatformNothingIsLeased(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.OwnRedis(t).URL()))
	l := newLedger(t, c, newTable())
	id := stacktest.TenantID()
	require.NoError(t, l.Open(t.Context(), id))
	alert := ofPlatform(dcoder.MetricTokens, dcoder.WindowDay, 1)
	alert.Action = dcoder.ActionAlert
	for _, limits := range [][]dcoder.Limit{nil, {alert}, {alert, limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 100)}} {
		a := admission(id, limits, 5, 0)
		v, err := l.Admit(t.Context(), a)
		require.NoError(t, err)
		require.True(t, v.Admitted)
		w, err := l.Extend(t.Context(), &llm.Extension{Admission: a, Verdict: v, More: llm.Amounts{Tokens: 5}})
		require.NoError(t, err)
		require.True(t, w.Admitted)
		l.Settle(settlement(a, v, 7, 0))
	}
	drain(t, l)
	require.Zero(t, c.Exists(t.Context(), "{_platform}:l").Val())
	text, _ := json.Marshal(alert)
	require.NotContains(t, string(text), "raises")
}
