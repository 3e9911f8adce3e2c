package chat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

const seaCall = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Tell me about the sea."}]}`

// TestWhatIsNotGivenAgain: the same call twice, and what the second one says.
func TestWhatIsNotGivenAgain(t *testing.T) {
	more := func(member string) string { return strings.Replace(seaCall, `{`, `{`+member+`,`, 1) }
	off := func(s *dcoder.Snapshot) { s.Cache.Mode = "off" }
	hot, yes := 2.0, true
	for name, row := range map[string]struct {
		body, again string // again "" is body
		headers     []string
		snapshot    func(*dcoder.Snapshot)
		want        string
	}{
		"the same":                       {seaCall, "", nil, nil, "hit-exact"},
		"other order, other user":        {seaCall, `{"user":"x","messages":[{"content":"Tell me about the sea.","role":"user"}],"model":"gpt-4o-mini"}`, nil, nil, "hit-exact"},
		"another name of the model":      {seaCall, strings.Replace(seaCall, "gpt-4o-mini", "fast", 1), nil, nil, "hit-exact"},
		"another model":                  {seaCall, strings.Replace(seaCall, "gpt-4o-mini", "gpt-4o", 1), nil, nil, "miss"},
		"another question":               {seaCall, strings.Replace(seaCall, "the sea", "the  sea", 1), nil, nil, "miss"},
		"a seed":                         {seaCall, more(`"seed":1`), nil, nil, "miss"},
		"a low temperature":              {more(`"temperature":0.3`), "", nil, nil, "hit-exact"},
		"a high temperature":             {more(`"temperature":0.31`), "", nil, nil, "bypass(temperature)"},
		"a high temperature, allowed":    {more(`"temperature":1`), "", nil, func(s *dcoder.Snapshot) { s.Cache.MaxTemperature = &hot }, "hit-exact"},
		"log probabilities":              {more(`"logprobs":true`), "", nil, nil, "bypass(logprobs)"},
		"switched off":                   {seaCall, "", nil, off, "bypass(policy)"},
		"no-store":                       {seaCall, "", []string{"Cache-Control", "no-store"}, nil, "bypass(no-store)"},
		"no-cache":                       {seaCall, "", []string{"Cache-Control", "no-cache"}, nil, "miss"},
		"max-age=0":                      {seaCall, "", []string{"Cache-Control", "max-age=0"}, nil, "miss"},
		"max-age":                        {seaCall, "", []string{"Cache-Control", "max-age=600"}, nil, "hit-exact"},
		"too many tags":                  {seaCall, "", []string{"X-Dcoder-Cache-Tags", strings.Repeat("t,", 17)}, nil, "bypass(tags)"},
		"the caller's own key":           {seaCall, "", []string{"X-Dcoder-Provider-Key", "openai:" + "sk-mine"}, func(s *dcoder.Snapshot) { s.Tenant.CallerKeys = true }, "bypass(caller-key)"},
		"what a guardrail remarked on":   {strings.Replace(seaCall, "the sea", "AKIA"+"7Q3ZLM2XNCB4TWRD", 1), "", nil, nil, "bypass(guardrail)"},
		"cut off by its bound":           {more(`"max_tokens":3`), "", nil, nil, "miss"},
		"tools that are called":          {more(`"tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}],"tool_choice":"required"`), "", nil, nil, "miss"},
		"tools that are called, allowed": {more(`"tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}],"tool_choice":"required"`), "", nil, func(s *dcoder.Snapshot) { s.Cache.ToolCalls = &yes }, "hit-exact"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serveCached(t, llmtest.Options{Snapshot: row.snapshot})
			resp, raw := send(t, b, "/v1/chat/completions", row.body, row.headers...)
			require.Equal(t, 200, resp.StatusCode, raw)
			again, calls := row.body, 2
			if row.again != "" {
				again = row.again
			}
			if row.want == "hit-exact" {
				settled(t, b)
				calls = 1
			} else {
				landed(t, b)
			}
			resp, raw = send(t, b, "/v1/chat/completions", again, row.headers...)
			require.Equal(t, 200, resp.StatusCode, raw)
			require.Equal(t, row.want, resp.Header.Get("X-Cache"))
			b.Seen(calls)
		})
	}
}

// landed waits until no call of the tenant is claimed any more.
func landed(t *testing.T, b *llmtest.Bench) {
	t.Helper()
	require.Eventually(t, func() bool {
		keys, err := b.Redis.Keys(t.Context(), "{"+b.Tenant+"}:flight:*").Result()
		require.NoError(t, err)
		return len(keys) == 0
	}, waiting, tick)
}

// TestNoErrorsAndNoCutStreams are kept.
func TestNoErrorsAndNoCutStreams(t *testing.T) {
	for name, f := range map[string]llmsim.Fault{
		"an error":  {Kind: llmsim.KindStatus, Status: 500, Count: 1},
		"a cut":     {Kind: llmsim.KindCut, After: 5, Count: 1},
		"a frame":   {Kind: llmsim.KindErrorEvent, Status: 500, After: 5, Count: 1},
		"what else": {Kind: llmsim.KindGarbage, Count: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serveCached(t, llmtest.Options{Coats: func(c *llm.Coats) { c.RetryMost = 1 }})
			require.NoError(t, b.Sim.Inject(f))
			send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", true, ""))
			landed(t, b)
			require.Zero(t, kept(t, b))
			require.Eventually(t, func() bool { // a failed deployment may be left alone for a moment
				resp, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", true, ""))
				return resp.StatusCode == 200
			}, waiting, tick)
		})
	}
}

// TestAKeptAnswerIsServedWhenTheMoneyIsGone, and counts as a request.
func TestAKeptAnswerIsServedWhenTheMoneyIsGone(t *testing.T) {
	b := serveCached(t, llmtest.Options{})
	send(t, b, "/v1/chat/completions", seaCall)
	settled(t, b)
	b.Rows(1)
	b.Change(func(s *dcoder.Snapshot) {
		s.Limits = []dcoder.Limit{
			{Scope: dcoder.ScopeTenant, Subject: b.Tenant, Metric: dcoder.MetricMoney, Window: dcoder.WindowMonth, Max: 1, Action: dcoder.ActionDeny},
			{Scope: dcoder.ScopeTenant, Subject: b.Tenant, Metric: dcoder.MetricTokens, Window: dcoder.WindowDay, Max: 1, Action: dcoder.ActionDeny},
			{Scope: dcoder.ScopeTenant, Subject: b.Tenant, Metric: dcoder.MetricRequests, Window: dcoder.WindowDay, Max: 3, Action: dcoder.ActionDeny},
		}
	})
	resp, raw := send(t, b, "/v1/chat/completions", strings.Replace(seaCall, "sea", "moon", 1))
	require.Equal(t, 429, resp.StatusCode, raw)
	for range 2 {
		resp, raw = send(t, b, "/v1/chat/completions", seaCall)
		require.Equal(t, 200, resp.StatusCode, raw)
		require.Equal(t, "hit-exact", resp.Header.Get("X-Cache"))
	}
	resp, raw = send(t, b, "/v1/chat/completions", seaCall)
	require.Equal(t, 429, resp.StatusCode, raw)
	require.Contains(t, raw, "requests", "a hit is a request")
	b.Seen(1)
}

// TestAnAnswerMeetsTodaysGuardrails: what was kept before a policy was made is
// looked at again.
func TestAnAnswerMeetsTodaysGuardrails(t *testing.T) {
	b := serveCached(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
		s.Guard = dcoder.GuardPolicy{Secrets: "off", PII: "off", Injection: "off"}
	}})
	body := strings.Replace(seaCall, "Tell me about the sea.", "Repeat: AKIA"+"7Q3ZLM2XNCB4TWRD", 1)
	resp, raw := send(t, b, "/v1/chat/completions", body)
	require.Equal(t, 200, resp.StatusCode, raw)
	settled(t, b)
	b.Change(func(s *dcoder.Snapshot) { s.Guard.Secrets = "block" })
	resp, raw = send(t, b, "/v1/chat/completions", body)
	require.Equal(t, 400, resp.StatusCode, raw)
}

// TestTwoTenantsNeverShare, and what lies in Redis cannot be read there.
func TestTwoTenantsNeverShare(t *testing.T) {
	seal := sealer(t)
	one := serveCached(t, llmtest.Options{Sealer: seal})
	two := serveCached(t, llmtest.Options{Sealer: seal, Upstream: one.Sim.Handler()})
	two.Change(func(s *dcoder.Snapshot) { s.Providers = one.Snapshot().Providers })
	_, raw := send(t, one, "/v1/chat/completions", seaCall)
	settled(t, one)
	text := told(t, "/v1/chat/completions", raw, false).text
	var keys []string
	for _, k := range one.Redis.Keys(t.Context(), "{"+one.Tenant+"}:openai:gpt-4o-mini:*").Val() {
		keys = append(keys, k)
		value, err := one.Redis.Get(t.Context(), k).Bytes()
		require.NoError(t, err)
		require.NotContains(t, string(value), text)
		require.NotContains(t, string(value), "chatcmpl")
		ttl := one.Redis.PTTL(t.Context(), k).Val()
		require.Greater(t, ttl, 50*time.Minute)
		require.LessOrEqual(t, ttl, time.Hour)
		// Even under the other tenant's key it is not the other tenant's.
		require.NoError(t, two.Redis.Set(t.Context(), strings.Replace(k, one.Tenant, two.Tenant, 1), value, time.Minute).Err())
	}
	require.Len(t, keys, 1, "the namespace stands first")
	resp, _ := send(t, two, "/v1/chat/completions", seaCall)
	require.Equal(t, "miss", resp.Header.Get("X-Cache"))
	one.Seen(2)
}

// TestAnswersThatAreDeclaredVoidAreNotGiven, whatever names them.
func TestAnswersThatAreDeclaredVoidAreNotGiven(t *testing.T) {
	for name, v := range map[string]struct {
		void dcoder.CacheVoid
		hit  bool
	}{
		"all":                {dcoder.CacheVoid{All: true}, false},
		"a provider":         {dcoder.CacheVoid{Namespaces: []string{"openai"}}, false},
		"a namespace":        {dcoder.CacheVoid{Namespaces: []string{"openai:gpt-4o-mini"}}, false},
		"another namespace":  {dcoder.CacheVoid{Namespaces: []string{"openai:gpt-4o", "groq"}}, true},
		"the model":          {dcoder.CacheVoid{Models: []string{"gpt-4o-mini"}}, false},
		"the name asked for": {dcoder.CacheVoid{Models: []string{"fast"}}, false},
		"a tag":              {dcoder.CacheVoid{Tags: []string{"faq"}}, false},
		"a source":           {dcoder.CacheVoid{Sources: []string{"doc-1"}}, false},
		"another tag":        {dcoder.CacheVoid{Tags: []string{"doc-1"}, Sources: []string{"faq"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serveCached(t, llmtest.Options{})
			call := strings.Replace(seaCall, "gpt-4o-mini", "fast", 1)
			send(t, b, "/v1/chat/completions", call, "X-Dcoder-Cache-Tags", "other, faq", "X-Dcoder-Cache-Sources", "doc-1")
			settled(t, b)
			require.NoError(t, redis.NewAnswers(b.Redis).Void(t.Context(), b.Tenant, v.void.Labels()))
			resp, _ := send(t, b, "/v1/chat/completions", seaCall)
			if v.hit {
				require.Equal(t, "hit-exact", resp.Header.Get("X-Cache"))
				return
			}
			require.Equal(t, "miss", resp.Header.Get("X-Cache"))
			require.Eventually(t, func() bool {
				resp, _ := send(t, b, "/v1/chat/completions", seaCall)
				return resp.Header.Get("X-Cache") == "hit-exact"
			}, waiting, tick, "the new answer is kept")
		})
	}
}

// TestACallUnderWayIsVoidToo: who asks after it was declared void asks anew.
func TestACallUnderWayIsVoidToo(t *testing.T) {
	all := fleet(t, 2)
	b := all[0]
	b.Sim.SetLatency(llmsim.Latency{PerToken: pace(40)})
	lead := open(t.Context(), t, b, "/v1/chat/completions", asking("gpt-4o-mini", true, ""))
	defer lead.Body.Close()
	require.NoError(t, redis.NewAnswers(b.Redis).Void(t.Context(), b.Tenant, []string{"*"}))
	for _, b := range all {
		resp := open(t.Context(), t, b, "/v1/chat/completions", asking("gpt-4o-mini", true, ""))
		require.Equal(t, "miss", resp.Header.Get("X-Cache"))
		_ = resp.Body.Close()
	}
	require.Len(t, b.Sim.Requests(0), 3)
}
