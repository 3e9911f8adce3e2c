package llm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func newLocal() *localLimits {
	return &localLimits{buckets: map[bucketKey]*bucket{}, running: map[string][]bucketKey{}}
}

func localCall(id string, tokens int64, limits ...dcoder.Limit) *Admission {
	return &Admission{ID: id, Tenant: "t", Limits: limits, Amounts: Amounts{Requests: 1, Tokens: tokens}}
}

// Whatever comes when, no window of a bucket gives away more than two tenths of
// the limit (what it held and what filled it), and one call's debt.
func TestABucketGivesAwayItsPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now := newLocal(), time.Unix(1e9, 0)
		most := rapid.Int64Range(1, 1000).Draw(t, "max")
		limit := dcoder.Limit{Scope: "tenant", Metric: "tokens", Window: "minute", Max: most, Action: "deny"}
		given, largest, begun := int64(0), int64(0), now
		for range rapid.IntRange(1, 50).Draw(t, "calls") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 3000).Draw(t, "ms")) * time.Millisecond)
			asked := rapid.Int64Range(1, 300).Draw(t, "asked")
			if l.take(localCall("x", asked, limit), now) == nil {
				given += asked
				largest = max(largest, asked)
			}
		}
		part := float64(max(most/localPart, 1))
		minutes := 1 + float64(now.Sub(begun))/float64(time.Minute)
		require.LessOrEqual(t, float64(given), part*minutes+float64(largest)+1)
	})
}

func TestARefusedCallTakesNothingAndSaysWhy(t *testing.T) {
	l, now := newLocal(), time.Unix(1e9, 0)
	wide := dcoder.Limit{Scope: "tenant", Metric: "requests", Window: "day", Max: 1000, Action: "deny"}
	tight := dcoder.Limit{Scope: "key", Subject: "k", Metric: "tokens", Window: "minute", Max: 100, Action: "deny"}
	require.NoError(t, l.take(localCall("a", 10, wide, tight), now))
	for range 200 {
		e := dcoder.AsError(l.take(localCall("b", 10, wide, tight), now))
		require.Equal(t, 429, e.Status)
		require.Equal(t, dcoder.ScopeKey, e.Details["scope"])
		require.Equal(t, "ledger", e.Details["degraded"])
		require.Positive(t, e.RetryAfter)
	}
	require.NoError(t, l.take(localCall("c", 10, wide), now), "the wide limit has lost nothing")
	require.NoError(t, l.take(localCall("d", 10, wide, tight), now.Add(time.Minute)))
	alert := tight
	alert.Action = dcoder.ActionAlert
	require.NoError(t, l.take(localCall("e", 1e6, alert), now))
}

func TestCallsInFlightAreCountedByThemselves(t *testing.T) {
	l, now := newLocal(), time.Unix(1e9, 0)
	limit := dcoder.Limit{Scope: "tenant", Metric: "parallel", Window: "now", Max: 20, Action: "deny"}
	require.NoError(t, l.take(localCall("a", 1, limit), now))
	require.NoError(t, l.take(localCall("b", 1, limit), now))
	require.Error(t, l.take(localCall("c", 1, limit), now.Add(time.Hour)))
	l.end("c")
	l.end("a")
	l.end("a")
	require.NoError(t, l.take(localCall("d", 1, limit), now))
	require.Error(t, l.take(localCall("e", 1, limit), now))
}
