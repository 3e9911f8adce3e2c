package chat_test

import (
	"bufio"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// slow makes the provider answer with so many tokens, a millisecond apart.
func slow(t *testing.T, b *llmtest.Bench, tokens int) {
	t.Helper()
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSlow, Tokens: tokens, Latency: llmsim.Latency{PerToken: llmsim.Duration(time.Millisecond)}}))
}

// held is what running calls hold of the only limit.
func held(t *testing.T, b *llmtest.Bench, l dcoder.Limit) dcoder.Standing {
	t.Helper()
	all, err := b.Ledger.Look(t.Context(), b.Tenant, "UTC", []dcoder.Limit{l})
	require.NoError(t, err)
	return all[0]
}

// A stream that outgrows its reservation asks for as much again at four fifths of
// it, gets what there is, and gives back what it did not use.
func TestAStreamGrowsItsReservation(t *testing.T) {
	day := dcoder.Limit{Scope: dcoder.ScopeKey, Subject: llmtest.Key, Metric: dcoder.MetricTokens, Window: dcoder.WindowDay, Max: 100_000, Action: dcoder.ActionDeny}
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
		s.Limits, s.Tenant.OutputCap = []dcoder.Limit{day}, 50
	}})
	slow(t, b, 400)
	resp := open(t.Context(), t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	seen, lines := map[int64]bool{}, bufio.NewScanner(resp.Body)
	whole := false
	for n := 0; lines.Scan(); n++ {
		whole = whole || lines.Text() == "data: [DONE]"
		if n%20 == 0 {
			seen[held(t, b, day).Reserved] = true
		}
	}
	require.True(t, whole)
	require.Greater(t, len(seen), 3, "the reservation grew step by step: %v", seen)
	row := b.Row()
	require.GreaterOrEqual(t, row.Tokens.Output, int64(300))
	now := held(t, b, day)
	require.Zero(t, now.Reserved)
	require.Equal(t, row.Tokens.Input+row.Tokens.Output, now.Used)
}

func TestAStreamEndsWhereNoDayHasRoomForMore(t *testing.T) {
	day := dcoder.Limit{Scope: dcoder.ScopeKey, Subject: llmtest.Key, Metric: dcoder.MetricTokens, Window: dcoder.WindowDay, Max: 200, Action: dcoder.ActionDeny}
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
		s.Limits, s.Tenant.OutputCap = []dcoder.Limit{day}, 50
	}})
	slow(t, b, 2000)
	resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, body, "quota_exceeded")
	require.NotContains(t, body, "[DONE]")
	row := b.Row()
	require.LessOrEqual(t, row.Tokens.Input+row.Tokens.Output, int64(200), "never above the limit")
	require.Greater(t, row.Tokens.Output, int64(40), "what fitted was given")
}

func TestCallsInFlightAreLimited(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: limit(dcoder.MetricParallel, dcoder.WindowNow, 1, dcoder.ActionDeny)})
	resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
	require.Equal(t, http.StatusOK, resp.StatusCode, body)
	require.Equal(t, "1", resp.Header.Get("X-Ratelimit-Limit-Parallel"))
	require.Equal(t, "0", resp.Header.Get("X-Ratelimit-Remaining-Parallel"))
	b.Rows(1)
	slow(t, b, 3000)
	running := open(t.Context(), t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	resp, body = send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode, body)
	require.Equal(t, "1", resp.Header.Get("Retry-After"))
	for _, fact := range []string{"1 requests in flight", "rate_limit_exceeded"} {
		require.Contains(t, body, fact)
	}
	_ = running.Body.Close()
	require.Eventually(t, func() bool {
		return held(t, b, dcoder.Limit{Scope: dcoder.ScopeKey, Subject: llmtest.Key, Metric: dcoder.MetricParallel, Window: dcoder.WindowNow, Max: 1}).Reserved == 0
	}, 10*time.Second, 5*time.Millisecond)
}

func TestAModelsLimitHoldsForItsCallsOnly(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
		limit(dcoder.MetricRequests, dcoder.WindowDay, 1, dcoder.ActionDeny)(s)
		s.Limits[0].Model = "gpt-4o-mini"
	}})
	for i, model := range []string{"gpt-4o", "fast", "gpt-4o", "gpt-4o-mini", "openai/gpt-4o-mini", "fast"} {
		resp, body := send(t, b, "/v1/chat/completions", asking(model, false, ""))
		want := http.StatusOK
		if i > 2 { // fast stands for gpt-4o-mini
			want = http.StatusTooManyRequests
			require.Contains(t, body, "gpt-4o-mini")
		}
		require.Equal(t, want, resp.StatusCode, "%s: %s", model, body)
	}
}

func TestWhatIsReachedSaysWhatToDo(t *testing.T) {
	for action, code := range map[dcoder.LimitAction]string{dcoder.ActionApprove: "approval_required", dcoder.ActionThrottle: "throttled"} {
		b := serveChat(t, llmtest.Options{Snapshot: limit(dcoder.MetricRequests, dcoder.WindowDay, 1, action)})
		resp, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
		require.Equal(t, http.StatusOK, resp.StatusCode)
		resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
		require.Equal(t, http.StatusTooManyRequests, resp.StatusCode, body)
		require.Contains(t, body, code)
		if action == dcoder.ActionApprove {
			require.Contains(t, body, "/v1/approvals")
			require.Equal(t, "false", resp.Header.Get("X-Should-Retry"))
		} else {
			require.Equal(t, "60", resp.Header.Get("Retry-After"))
		}
	}
}

func TestWithoutTheLedgerATenthOfEachLimitIsGivenAway(t *testing.T) {
	b := serveChat(t, llmtest.Options{RedisURL: "redis://127.0.0.1:1/0", Snapshot: func(s *dcoder.Snapshot) {
		limit(dcoder.MetricRequests, dcoder.WindowDay, 20, dcoder.ActionDeny)(s)
		s.Tenant.RedisDown = "open"
	}})
	for i := range 4 {
		resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
		require.Equal(t, []int{200, 200, 429, 429}[i], resp.StatusCode, body)
		require.Equal(t, "ledger", resp.Header.Get(dcoder.HeaderDegraded))
	}
	require.Eventually(t, func() bool { return len(b.Spared()) == 4 }, 10*time.Second, time.Millisecond)
	refused := 0
	for _, row := range b.Spared() {
		if row.State == dcoder.UsageRefused {
			refused++
		}
	}
	require.Equal(t, 2, refused)
}
