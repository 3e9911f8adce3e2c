package redis_test

import (
	"context"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// opened returns a ledger on the stack's Redis and a tenant whose books are open.
func opened(t testing.TB, change ...func(*redis.Config)) (*redis.Ledger, goredis.UniversalClient, string, *table) {
	t.Helper()
	c := open(t, patient(stacktest.Env(t).RedisURL))
	s, id := newTable(), tenant(t, c)
	l := newLedger(t, c, s, change...)
	require.NoError(t, l.Open(context.Background(), id))
	return l, c, id, s
}

func TestAdmitSettleAndWhatIsLeft(t *testing.T) {
	t.Parallel()
	l, _, id, s := opened(t)
	limits := []dcoder.Limit{
		limit(dcoder.ScopeKey, "k1", dcoder.MetricRequests, dcoder.WindowDay, 2),
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 1000),
		limit(dcoder.ScopeTenant, "", dcoder.MetricMoney, dcoder.WindowMonth, 500),
	}
	ctx := context.Background()

	first := admission(id, limits, 600, 300)
	v, err := l.Admit(ctx, first)
	require.NoError(t, err)
	require.True(t, v.Admitted)
	require.NotEmpty(t, v.Epoch)
	require.NotZero(t, v.TenantGen)
	require.NotZero(t, v.KeyGen)
	require.WithinDuration(t, time.Now(), v.Time, time.Minute)
	require.EqualValues(t, 1, remaining(t, v, dcoder.MetricRequests, dcoder.WindowDay))
	require.EqualValues(t, 400, remaining(t, v, dcoder.MetricTokens, dcoder.WindowDay))

	refused, err := l.Admit(ctx, admission(id, limits, 500, 0))
	require.NoError(t, err)
	require.False(t, refused.Admitted)
	require.Equal(t, dcoder.MetricTokens, refused.Exceeded.Limit.Metric)
	require.Equal(t, llm.Exceeded{
		Limit: limits[1], Used: 0, Reserved: 600, Asked: 500, Reset: refused.Exceeded.Reset,
	}, *refused.Exceeded)
	require.True(t, refused.Exceeded.Reset.After(v.Time))

	done := make(chan struct{})
	settled := settlement(first, v, 100, 50)
	settled.Done = func() { close(done) }
	l.Settle(settled)
	drain(t, l)
	<-done
	row, ok := s.row(first.ID)
	require.True(t, ok)
	require.EqualValues(t, 100, row.Tokens.Output)
	require.Equal(t, 1, row.Revision)

	second := admission(id, limits, 900, 450)
	v, err = l.Admit(ctx, second)
	require.NoError(t, err)
	require.True(t, v.Admitted, "what was reserved and not used is free again: %+v", v.Exceeded)
	require.Zero(t, remaining(t, v, dcoder.MetricTokens, dcoder.WindowDay))

	third, err := l.Admit(ctx, admission(id, limits, 0, 1))
	require.NoError(t, err)
	require.False(t, third.Admitted)
	require.Equal(t, limits[2], third.Exceeded.Limit, "the limit that holds for longest is named")
	l.Settle(settlement(second, v, 900, 450))
	drain(t, l)
	require.Len(t, s.all(), 2)
}

func TestRepeatsChangeNothing(t *testing.T) {
	t.Parallel()
	l, _, id, s := opened(t)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 1000)}
	ctx := context.Background()
	a := admission(id, limits, 600, 0)

	var v llm.Verdict
	for range 3 {
		var err error
		v, err = l.Admit(ctx, a)
		require.NoError(t, err)
		require.True(t, v.Admitted, "the same id gets the first verdict")
		require.EqualValues(t, 400, remaining(t, v, dcoder.MetricTokens, dcoder.WindowDay))
	}
	for range 3 {
		l.Settle(settlement(a, v, 250, 0))
		drain(t, l)
	}
	l.Settle(settlement(a, v, 250, 0))
	l.Settle(settlement(a, v, 250, 0))
	drain(t, l)
	require.Equal(t, map[string]int{a.ID + "/1": 1}, s.events)

	v, err := l.Admit(ctx, admission(id, limits, 750, 0))
	require.NoError(t, err)
	require.True(t, v.Admitted, "250 are settled once: %+v", v.Exceeded)
	require.Zero(t, remaining(t, v, dcoder.MetricTokens, dcoder.WindowDay))
}

func TestTheSameIDTwiceInOneGroupReservesOnce(t *testing.T) {
	t.Parallel()
	l, _, id, _ := opened(t)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricRequests, dcoder.WindowDay, 100)}
	ids := make([]*llm.Admission, 4)
	for i := range ids {
		ids[i] = admission(id, limits, 1, 0)
	}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			v, err := l.Admit(context.Background(), ids[i%len(ids)])
			require.NoError(t, err)
			require.True(t, v.Admitted)
		})
	}
	wg.Wait()
	v, err := l.Admit(context.Background(), admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.EqualValues(t, 100-len(ids)-1, remaining(t, v, dcoder.MetricRequests, dcoder.WindowDay))
}

func TestAlertsCountAndLetPass(t *testing.T) {
	t.Parallel()
	l, _, id, _ := opened(t)
	budget := limit(dcoder.ScopeTenant, "", dcoder.MetricMoney, dcoder.WindowMonth, 100)
	budget.Action = dcoder.ActionAlert
	limits := []dcoder.Limit{budget}
	for i := range 3 {
		v, err := l.Admit(context.Background(), admission(id, limits, 0, 60))
		require.NoError(t, err)
		require.True(t, v.Admitted)
		if i == 0 {
			require.Empty(t, v.Passed)
			continue
		}
		require.Equal(t, limits, v.Passed)
	}
}

func TestExtendReservesMoreAndHeartbeats(t *testing.T) {
	t.Parallel()
	l, c, id, s := opened(t)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowMinute, 1000)}
	ctx := context.Background()
	a := admission(id, limits, 600, 0)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	before := c.ZScore(ctx, "{"+id+"}:x", a.ID).Val()

	more, err := l.Extend(ctx, &llm.Extension{Admission: a, Verdict: v, SoFar: dcoder.Tokens{Output: 500}, More: llm.Amounts{Tokens: 300}})
	require.NoError(t, err)
	require.True(t, more.Admitted)
	require.GreaterOrEqual(t, c.ZScore(ctx, "{"+id+"}:x", a.ID).Val(), before)
	refused, err := l.Extend(ctx, &llm.Extension{Admission: a, Verdict: v, SoFar: dcoder.Tokens{Output: 800}, More: llm.Amounts{Tokens: 300}})
	require.NoError(t, err)
	require.False(t, refused.Admitted)
	require.Equal(t, limits[0], refused.Exceeded.Limit)
	require.EqualValues(t, 300, refused.Exceeded.Asked)

	l.Settle(settlement(a, v, 850, 0))
	drain(t, l)
	row, _ := s.row(a.ID)
	require.EqualValues(t, 850, row.Tokens.Output)
	next, err := l.Admit(ctx, admission(id, limits, 150, 0))
	require.NoError(t, err)
	require.True(t, next.Admitted, "%+v", next.Exceeded)
	gone, err := l.Extend(ctx, &llm.Extension{Admission: a, Verdict: v})
	require.NoError(t, err)
	require.False(t, gone.Admitted)
	require.Nil(t, gone.Exceeded, "a reservation that is gone names no limit")
}

func TestReleaseAndRefusalRows(t *testing.T) {
	t.Parallel()
	l, _, id, s := opened(t)
	limits := []dcoder.Limit{limit(dcoder.ScopeTenant, "", dcoder.MetricRequests, dcoder.WindowDay, 1)}
	ctx := context.Background()
	a := admission(id, limits, 1, 0)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	require.True(t, v.Admitted)

	other := admission(id, limits, 1, 0)
	refused, err := l.Admit(ctx, other)
	require.NoError(t, err)
	require.False(t, refused.Admitted)
	row := settlement(other, refused, 0, 0)
	row.Record.Status = 429
	l.Settle(row)

	l.Settle(&llm.Settlement{Admission: a, Verdict: v, Release: true})
	v, err = l.Admit(ctx, a) // at once: the release is waited for
	require.NoError(t, err)
	require.True(t, v.Admitted)
	l.Settle(settlement(a, v, 5, 0))
	drain(t, l)
	require.Equal(t, map[string]int{a.ID + "/1": 1, other.ID + "/1": 1}, s.events)
	refused, err = l.Admit(ctx, admission(id, limits, 1, 0))
	require.NoError(t, err)
	require.False(t, refused.Admitted, "one call was used, and the refused one does not count")
	require.EqualValues(t, 1, refused.Exceeded.Used)
}

func TestTheExactEntryComesWithTheVerdict(t *testing.T) {
	t.Parallel()
	l, c, id, _ := opened(t)
	ctx := context.Background()
	key := "{" + id + "}:entry"
	require.NoError(t, c.Set(ctx, key, "stored", time.Minute).Err())
	a := admission(id, nil, 1, 0)
	a.Entry = key
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	require.Equal(t, "stored", string(v.Entry))
	a = admission(id, nil, 1, 0)
	a.Entry = key + "-missing"
	v, err = l.Admit(ctx, a)
	require.NoError(t, err)
	require.True(t, v.Admitted)
	require.Nil(t, v.Entry)
}
