package redis_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// firstTenant is whose records the first build wrote into testdata/v1.
const firstTenant = "gold23456723"

func golden(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/v1/" + name)
	require.NoError(t, err)
	return string(raw)
}

// A call of a process of the first build dies; the sweeper of today finds its
// reservation, counts what it had received in the right counters, and writes its
// row.
func TestAReservationOfTheFirstBuildIsSwept(t *testing.T) {
	t.Parallel()
	c, s, ctx := open(t, patient(stacktest.OwnRedis(t).URL())), newTable(), context.Background()
	l := newLedger(t, c, s)
	require.NoError(t, l.Open(ctx, firstTenant))
	blob := golden(t, "reservation.bin")
	fields, intent, err := redis.FieldsOf(blob)
	require.NoError(t, err)
	require.Equal(t, []redis.StoredField{
		{Name: "gmm:g1", Metric: dcoder.MetricMoney, Window: dcoder.WindowMonth},
		{Name: "kqd:k1", Metric: dcoder.MetricRequests, Window: dcoder.WindowDay},
		{Name: "ttd:", Metric: dcoder.MetricTokens, Window: dcoder.WindowDay},
		{Name: "tti:", Metric: dcoder.MetricTokens, Window: dcoder.WindowMinute},
	}, fields)
	var call dcoder.UsageRecord
	require.NoError(t, json.Unmarshal([]byte(intent), &call))
	require.NoError(t, c.HSet(ctx, "{"+firstTenant+"}:r", call.ID, blob).Err())
	require.NoError(t, c.ZAdd(ctx, "{"+firstTenant+"}:x", goredis.Z{Score: 1, Member: call.ID}).Err())

	n, err := l.SweepTenant(ctx, firstTenant)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	row, ok := s.row(call.ID)
	require.True(t, ok)
	require.Equal(t, dcoder.UsageLost, row.State)
	require.Equal(t, dcoder.Tokens{Input: 20, Output: 100}, row.Tokens)
	require.EqualValues(t, 70, row.Cost)
}

// The counters' kinds stand in a reservation as the first build wrote them.
func TestTheFirstBuildReadsTodaysReservations(t *testing.T) {
	t.Parallel()
	l, c, id, _ := opened(t)
	ctx := context.Background()
	limits := []dcoder.Limit{
		limit(dcoder.ScopeKey, "k1", dcoder.MetricRequests, dcoder.WindowDay, 1000),
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowMinute, 1000),
		limit(dcoder.ScopeTenant, "", dcoder.MetricTokens, dcoder.WindowDay, 1000),
		limit(dcoder.ScopeGroup, "g1", dcoder.MetricMoney, dcoder.WindowMonth, 1000),
	}
	a := admission(id, limits, 600, 300)
	v, err := l.Admit(ctx, a)
	require.NoError(t, err)
	_, err = l.Extend(ctx, &llm.Extension{
		Admission: a, Verdict: v, SoFar: dcoder.Tokens{Input: 20, Output: 100}, Cost: 70, More: llm.Amounts{Tokens: 100},
	})
	require.NoError(t, err)
	today := c.HGet(ctx, "{"+id+"}:r", a.ID).Val()
	first := golden(t, "reservation.bin")
	head := func(b string) string { return b[:strings.IndexByte(b, '{')] }
	const amounts = 1 + 8 // the time of admission differs
	require.Len(t, head(today), len(head(first)))
	require.Equal(t, first[0], today[0])
	require.Equal(t, first[amounts:amounts+24], today[amounts:amounts+24], "requests, tokens, money")
	names := 1 + 9*8 // heartbeat, then the counters' names
	require.Equal(t, head(first)[names:], head(today)[names:])
	l.Settle(settlement(a, v, 1, 1))
	drain(t, l)
}

func TestTheOutboxOfTheFirstBuildIsRead(t *testing.T) {
	t.Parallel()
	c, ctx := open(t, patient(stacktest.Env(t).RedisURL)), context.Background()
	id := tenant(t, c)
	raw := golden(t, "outbox.json")
	require.NoError(t, c.XAdd(ctx, &goredis.XAddArgs{Stream: "{" + id + "}:usage", Values: []any{"d", raw}}).Err())
	entries, err := redis.NewOutbox(c).Pending(ctx, id, 0, 10)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	var rows []dcoder.UsageRecord
	require.NoError(t, json.Unmarshal(entries[0].Records, &rows))
	require.Len(t, rows, 1)
	require.Equal(t, dcoder.UsageFinal, rows[0].State)
	require.EqualValues(t, 7, rows[0].Tokens.Output)
	require.Equal(t, raw, "["+string(redis.AppendRecord(nil, &rows[0]))+"]", "today writes the same row in the same form")
}

func TestAnAnswerThatTheFirstBuildKeptIsFound(t *testing.T) {
	t.Parallel()
	c, ctx := open(t, patient(stacktest.OwnRedis(t).URL())), context.Background()
	name, value, ok := strings.Cut(strings.TrimSuffix(golden(t, "idempotency.txt"), "\n"), "\n")
	require.True(t, ok)
	require.NoError(t, c.Set(ctx, name, value, time.Minute).Err())
	claim, sealed, err := redis.NewClaims(c).Begin(ctx, firstTenant, "key")
	require.NoError(t, err)
	require.Nil(t, claim)
	require.Equal(t, "sealed answer", string(sealed))
}
