package chat_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	openaisdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

func TestBadInput(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) { s.Models = []string{"gpt-4o-mini", "fast"} }})
	messages := `"messages":[{"role":"user","content":"x"}]`
	for name, c := range map[string]struct {
		body   string
		status int
		param  string
		says   string
	}{
		"not JSON":              {`hello`, 400, "", "not a JSON object"},
		"cut":                   {`{"model":"gpt-4o-mini",`, 400, "", "invalid JSON"},
		"deep":                  {`{"model":"gpt-4o-mini","messages":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, 400, "", "too deep"},
		"no model":              {`{` + messages + `}`, 400, "model", "model"},
		"model is a number":     {`{"model":7,` + messages + `}`, 400, "model", "string"},
		"two models":            {`{"model":"gpt-4o-mini","model":"gpt-5",` + messages + `}`, 400, "model", "twice"},
		"model in capitals":     {`{"model":"gpt-4o-mini","MODEL":"gpt-5",` + messages + `}`, 400, "model", "case"},
		"unknown model":         {`{"model":"gpt-99",` + messages + `}`, 404, "model", "gpt-4o-mini"},
		"a path for a model":    {`{"model":"../../admin",` + messages + `}`, 404, "model", "no model"},
		"model not allowed":     {`{"model":"gpt-5",` + messages + `}`, 403, "model", "may not use"},
		"negative max_tokens":   {`{"model":"fast","max_tokens":-1,` + messages + `}`, 400, "max_tokens", "whole number"},
		"absurd max_tokens":     {`{"model":"fast","max_tokens":99999999999,` + messages + `}`, 400, "max_tokens", "whole number"},
		"fractional":            {`{"model":"fast","max_completion_tokens":1.5,` + messages + `}`, 400, "max_completion_tokens", "whole number"},
		"n":                     {`{"model":"fast","n":1000000,` + messages + `}`, 400, "n", "whole number"},
		"stream is a text":      {`{"model":"fast","stream":"yes",` + messages + `}`, 400, "stream", "true or false"},
		"stream_options":        {`{"model":"fast","stream":true,"stream_options":[],` + messages + `}`, 400, "stream_options", "object"},
		"no messages":           {`{"model":"fast"}`, 400, "messages", "at least one"},
		"messages are a text":   {`{"model":"fast","messages":"hi"}`, 400, "messages", "list"},
		"messages are empty":    {`{"model":"fast","messages":[ ]}`, 400, "messages", "at least one"},
		"usage asked for twice": {`{"model":"fast","stream":true,"stream_options":{"include_usage":true,"include_usage":false},` + messages + `}`, 400, "stream_options", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := send(t, b, "/v1/chat/completions", c.body)
			require.Equal(t, c.status, resp.StatusCode, body)
			var e struct {
				Error struct {
					Message, Type string
					Param         *string
				}
			}
			require.NoError(t, json.Unmarshal([]byte(body), &e))
			require.Contains(t, e.Error.Message, c.says)
			require.NotEmpty(t, e.Error.Type)
			if c.param != "" {
				require.NotNil(t, e.Error.Param)
				require.Equal(t, c.param, *e.Error.Param)
			}
		})
	}
	require.Empty(t, b.Sim.Requests(0), "nothing of it reached the provider")
	resp, _ := send(t, b, "/v1/chat/completions", asking("fast", false, `,"x":"`+strings.Repeat("x", 33<<20)+`"`))
	require.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
}

func TestProviderErrorsAreTheSDKsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		status, want int
		code         string
	}{
		"bad request":     {400, 400, ""},
		"our credential":  {401, 502, "provider_credential_refused"},
		"forbidden":       {403, 502, "provider_credential_refused"},
		"not found":       {404, 404, ""},
		"too large":       {413, 413, ""},
		"unprocessable":   {422, 422, ""},
		"rate limit":      {429, 429, "provider_rate_limited"},
		"internal":        {500, 502, ""},
		"bad gateway":     {502, 502, ""},
		"unavailable":     {503, 503, ""},
		"gateway timeout": {504, 504, ""},
		"overloaded":      {529, 503, "overloaded_error"},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				b := serveChat(t, llmtest.Options{Coats: func(c *llm.Coats) { c.RetryMost = 1 }})
				require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: c.status, Message: "no: " + llmtest.Secret}))
				var err error
				client := sdk(b)
				if stream {
					s := client.Chat.Completions.NewStreaming(t.Context(), question("gpt-4o"))
					for s.Next() {
					}
					err = s.Err()
				} else {
					_, err = client.Chat.Completions.New(t.Context(), question("gpt-4o"))
				}
				var e *openaisdk.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, c.want, e.StatusCode)
				require.NotContains(t, e.Error(), llmtest.Secret)
				require.NotEmpty(t, e.Code)
				if c.code != "" {
					require.Equal(t, c.code, e.Code)
				}
				row := b.Row()
				require.Equal(t, c.want, row.Status)
				require.Equal(t, dcoder.UsageFailed, row.State)
				require.Zero(t, row.Cost)
			})
		}
	}
}

func TestRetry(t *testing.T) {
	for name, c := range map[string]struct {
		fault llmsim.Fault
		want  int
		tries int
	}{
		"429 with Retry-After, then good": {llmsim.Fault{Kind: llmsim.KindStatus, Status: 429, RetryAfter: llmsim.Duration(time.Second), Count: 1}, 200, 2},
		"two 500s, then good":             {llmsim.Fault{Kind: llmsim.KindStatus, Status: 500, Count: 2}, 200, 3},
		"a cut line, then good":           {llmsim.Fault{Kind: llmsim.KindCut, Count: 1}, 200, 2},
		"garbage, then good":              {llmsim.Fault{Kind: llmsim.KindGarbage, Count: 1}, 200, 2},
		"500 for ever":                    {llmsim.Fault{Kind: llmsim.KindStatus, Status: 500}, 502, 3},
		"400 is final":                    {llmsim.Fault{Kind: llmsim.KindStatus, Status: 400}, 400, 1},
		"a long Retry-After is passed on": {llmsim.Fault{Kind: llmsim.KindStatus, Status: 429, RetryAfter: llmsim.Duration(50 * time.Second)}, 429, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serveChat(t, llmtest.Options{})
			require.NoError(t, b.Sim.Inject(c.fault))
			resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
			require.Equal(t, c.want, resp.StatusCode, body)
			require.Len(t, b.Sim.Requests(0), c.tries)
			require.Equal(t, c.tries-1, b.Row().Retries)
			if c.want == http.StatusTooManyRequests {
				require.Equal(t, "50", resp.Header.Get("Retry-After"))
			}
		})
	}
}

func TestRetryMovesToTheNextTarget(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
		s.Aliases = map[string][]dcoder.Target{"best": {{Provider: "openai", Model: "gpt-4o"}, {Provider: "groq", Model: "llama-3.3-70b-versatile"}}}
		s.Tenant.Failover = dcoder.FailoverPolicy{Enabled: true, MaxSpend: 1_000_000, AllowedProviders: []string{"groq"}}
	}})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 503, Model: "gpt-4o"}))
	resp, body := send(t, b, "/v1/chat/completions", asking("best", true, ""))
	require.Equal(t, http.StatusOK, resp.StatusCode, body)
	row := b.Row()
	require.Equal(t, "best", row.ModelAsked)
	require.Equal(t, "llama-3.3-70b-versatile", row.ModelServed)
	require.Equal(t, "groq", row.Provider)
	require.Equal(t, 3, row.Retries, "all tries of the first, one of the second")
	require.True(t, row.Failover)
}

func limit(m dcoder.Metric, w dcoder.Window, most int64, a dcoder.LimitAction) func(*dcoder.Snapshot) {
	return func(s *dcoder.Snapshot) {
		s.Limits = []dcoder.Limit{{Scope: dcoder.ScopeKey, Subject: llmtest.Key, Metric: m, Window: w, Max: most, Action: a}}
	}
}

func TestRequestLimit(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: limit(dcoder.MetricRequests, dcoder.WindowMinute, 2, dcoder.ActionDeny)})
	for i := range 2 {
		resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", i == 1, ""))
		require.Equal(t, http.StatusOK, resp.StatusCode, body)
		require.Equal(t, "2", resp.Header.Get("X-Ratelimit-Limit-Requests"))
		require.Equal(t, []string{"1", "0"}[i], resp.Header.Get("X-Ratelimit-Remaining-Requests"))
		require.NotEmpty(t, resp.Header.Get("X-Ratelimit-Reset-Requests"))
	}
	client := sdk(b)
	_, err := client.Chat.Completions.New(t.Context(), question("gpt-4o"))
	e := requireStatus(t, err, http.StatusTooManyRequests, "rate_limit_exceeded")
	for _, fact := range []string{"key", "2 requests", "minute", "used", "held by running calls"} {
		require.Contains(t, e.Message, fact)
	}
	retryAfter, shouldRetry := e.Response.Header.Get("Retry-After"), e.Response.Header.Get("X-Should-Retry")
	require.True(t, retryAfter != "" && shouldRetry == "" || retryAfter == "" && shouldRetry == "false", "an SDK sleeps a minute at most")
	rows := b.Rows(3)
	require.Equal(t, http.StatusTooManyRequests, rows[2].Status)
}

func TestBudget(t *testing.T) {
	t.Run("a deny policy refuses and says that a retry is no use", func(t *testing.T) {
		b := serveChat(t, llmtest.Options{Snapshot: limit(dcoder.MetricMoney, dcoder.WindowMonth, 100, dcoder.ActionDeny)})
		client := sdk(b, option.WithMaxRetries(2))
		_, err := client.Chat.Completions.New(t.Context(), question("gpt-4o"))
		e := requireStatus(t, err, http.StatusTooManyRequests, "budget_exceeded")
		require.Equal(t, "false", e.Response.Header.Get("X-Should-Retry"))
		require.Empty(t, e.Response.Header.Get("Retry-After"))
		require.Empty(t, b.Sim.Requests(0))
		require.Equal(t, "budget_exceeded", b.Row().ErrorCode)
	})
	t.Run("an alert policy answers", func(t *testing.T) {
		b := serveChat(t, llmtest.Options{Snapshot: limit(dcoder.MetricMoney, dcoder.WindowMonth, 1, dcoder.ActionAlert)})
		resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
		require.Equal(t, http.StatusOK, resp.StatusCode, body)
	})
	t.Run("spend never passes a deny budget", func(t *testing.T) {
		const budget = 30_000
		b := serveChat(t, llmtest.Options{Snapshot: limit(dcoder.MetricMoney, dcoder.WindowMonth, budget, dcoder.ActionDeny)})
		var served atomic.Int64
		var all sync.WaitGroup
		for range 60 {
			all.Go(func() {
				resp, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o", true, `,"max_tokens":200`))
				if resp.StatusCode == http.StatusOK {
					served.Add(1)
				}
			})
		}
		all.Wait()
		var spent int64
		for _, row := range b.Rows(60) {
			spent += row.Cost
		}
		require.LessOrEqual(t, spent, int64(budget))
		require.Positive(t, served.Load())
	})
	t.Run("an unpriced model is refused under a deny budget", func(t *testing.T) {
		b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
			limit(dcoder.MetricMoney, dcoder.WindowMonth, 1_000_000_000, dcoder.ActionDeny)(s)
			g := s.Providers["openai"]
			g.Models = []string{"in-house"}
			s.Providers["openai"] = g
		}})
		resp, body := send(t, b, "/v1/chat/completions", asking("in-house", false, ""))
		require.Equal(t, http.StatusForbidden, resp.StatusCode, body)
		require.Contains(t, body, "model_not_priced")
	})
}

func TestAChangedLimitHoldsForTheCallThatMeetsIt(t *testing.T) {
	b := serveChat(t, llmtest.Options{Coats: func(c *llm.Coats) { c.Fresh = lagging{c.Fresh.(*llmtest.Bench)} }})
	resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode, body)
	require.Empty(t, b.Sim.Requests(0))
	require.Equal(t, http.StatusTooManyRequests, b.Row().Status)
}

// lagging finds a newer snapshot than the caller was identified with.
type lagging struct{ *llmtest.Bench }

func (l lagging) Fresh(ctx context.Context, s *dcoder.Snapshot, a, b dcoder.Generation, dirty bool) (*dcoder.Snapshot, error) {
	if len(s.Limits) == 0 {
		l.Change(limit(dcoder.MetricTokens, dcoder.WindowDay, 10, dcoder.ActionDeny))
	}
	return l.Bench.Fresh(ctx, s, a, b, dirty)
}

func TestRedisDown(t *testing.T) {
	const nobody = "redis://127.0.0.1:1/0"
	t.Run("closed", func(t *testing.T) {
		b := serveChat(t, llmtest.Options{RedisURL: nobody})
		resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
		require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, body)
		require.NotEmpty(t, resp.Header.Get("Retry-After"))
		require.Empty(t, b.Sim.Requests(0))
	})
	t.Run("open", func(t *testing.T) {
		b := serveChat(t, llmtest.Options{RedisURL: nobody, Snapshot: func(s *dcoder.Snapshot) { s.Tenant.RedisDown = "open" }})
		for _, stream := range []bool{false, true} {
			resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", stream, ""))
			require.Equal(t, http.StatusOK, resp.StatusCode, body)
			require.NotEmpty(t, resp.Header.Get(dcoder.HeaderDegraded))
		}
		require.Eventually(t, func() bool { return len(b.Spared()) == 2 }, 10*time.Second, time.Millisecond)
		for _, row := range b.Spared() {
			require.Equal(t, dcoder.UsageFinal, row.State)
			require.Positive(t, row.Tokens.Output)
		}
	})
}
