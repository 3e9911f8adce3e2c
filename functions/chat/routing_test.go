package chat_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// heard is a publisher that remembers.
type heard struct {
	mu  sync.Mutex
	all []dcoder.Envelope
}

func (h *heard) Publish(_ context.Context, events ...dcoder.Envelope) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, events...)
	return nil
}

func (h *heard) types() (types []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.all {
		types = append(types, e.Type)
	}
	return types
}

const groqModel = "llama-3.3-70b-versatile"

// ordered has an alias "best" of a model of OpenAI and one of Groq for failover.
func ordered(f dcoder.FailoverPolicy) func(*dcoder.Snapshot) {
	return func(s *dcoder.Snapshot) {
		s.Aliases = map[string][]dcoder.Target{"best": {{Provider: "openai", Model: "gpt-4o"}, {Provider: "groq", Model: groqModel}}}
		s.Routes = map[string]dcoder.Route{"best": {Strategy: dcoder.StrategyOrdered}}
		s.Tenant.Failover = f
	}
}

func allowing(most dcoder.Micros) dcoder.FailoverPolicy {
	return dcoder.FailoverPolicy{Enabled: true, MaxSpend: most, AllowedProviders: []string{"groq"}}
}

func down(status int) llmsim.Fault {
	return llmsim.Fault{Kind: llmsim.KindStatus, Status: status, Model: "gpt-4o"}
}

func TestFailoverIsOffByDefaultAndWithinThePolicy(t *testing.T) {
	for name, p := range map[string]dcoder.FailoverPolicy{
		"off":              {},
		"another provider": {Enabled: true, MaxSpend: 1 << 40, AllowedProviders: []string{"anthropic"}},
		"no money":         {Enabled: true, AllowedProviders: []string{"groq"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{Snapshot: ordered(p)})
			require.NoError(t, b.Sim.Inject(down(503)))
			resp, body := send(t, b, "/v1/chat/completions", asking("best", false, ""))
			require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, body)
			row := b.Row()
			require.Equal(t, "openai", row.Provider)
			require.False(t, row.Failover)
			for _, seen := range b.Sim.Requests(0) {
				require.Equal(t, "gpt-4o", seen.Model)
			}
		})
	}
}

func TestFailover(t *testing.T) {
	for name, c := range map[string]struct {
		fault llmsim.Fault
		moves bool
	}{
		"unavailable":         {down(503), true},
		"rate limit":          {llmsim.Fault{Kind: llmsim.KindStatus, Status: 429, RetryAfter: llmsim.Duration(50 * time.Second), Model: "gpt-4o"}, true},
		"our credential":      {down(401), true},
		"cut before an event": {llmsim.Fault{Kind: llmsim.KindCut, Model: "gpt-4o"}, true},
		"bad request":         {down(400), false},
		"not found":           {down(404), false},
		"too large":           {down(413), false},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(name+"/"+strconv.FormatBool(stream), func(t *testing.T) {
				var news heard
				events := llm.NewEvents(&news)
				b := serveChat(t, llmtest.Options{Snapshot: ordered(allowing(1_000_000)), Coats: func(c *llm.Coats) { c.Events = events }})
				require.NoError(t, b.Sim.Inject(c.fault))
				resp, body := send(t, b, "/v1/chat/completions", asking("best", stream, ""))
				row := b.Row()
				require.NoError(t, events.Flush(t.Context()))
				if !c.moves {
					require.GreaterOrEqual(t, resp.StatusCode, 400)
					require.Empty(t, news.types())
					require.False(t, row.Failover)
					return
				}
				require.Equal(t, http.StatusOK, resp.StatusCode, body)
				require.Equal(t, "groq", row.Provider)
				require.Equal(t, "best", row.ModelAsked)
				require.True(t, row.Failover)
				require.Equal(t, price.Cost(price.Find("groq", groqModel), &row.Tokens), row.Cost, "at its own price")
				require.Equal(t, []string{"provider.failover.triggered", "provider.failover.completed"}, news.types())
				var told dcoder.FailoverTriggered
				require.NoError(t, json.Unmarshal(news.all[0].Data, &told))
				require.Equal(t, dcoder.Target{Provider: "openai", Model: "gpt-4o"}, told.From)
				require.Equal(t, dcoder.Target{Provider: "groq", Model: groqModel}, told.To)
				require.NotEmpty(t, told.Reason)
				require.Equal(t, b.Tenant, news.all[0].Tenant)
			})
		}
	}
}

// TestNothingIsRunAgainBehindContent: what the client has read stays read once.
func TestNothingIsRunAgainBehindContent(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: ordered(allowing(1_000_000))})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindCut, After: 4, Model: "gpt-4o"}))
	_, body := send(t, b, "/v1/chat/completions", asking("best", true, ""))
	require.Contains(t, body, "upstream_cut")
	require.NotContains(t, body, "[DONE]")
	require.Len(t, b.Sim.Requests(0), 1)
	require.Equal(t, "openai", b.Row().Provider)
}

// TestFailoverNeverPassesItsCeiling: many at once, whole and streamed.
func TestFailoverNeverPassesItsCeiling(t *testing.T) {
	const ceiling = 3_000
	b := serveChat(t, llmtest.Options{Snapshot: ordered(allowing(ceiling)), Coats: func(c *llm.Coats) { c.RetryMost = 1 }})
	require.NoError(t, b.Sim.Inject(down(503)))
	var served atomic.Int64
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			stream := i%2 == 0
			resp, body := send(t, b, "/v1/chat/completions", asking("best", stream, `,"max_tokens":200`))
			if resp.StatusCode == http.StatusOK && (!stream || strings.Contains(body, "[DONE]")) {
				served.Add(1)
				return
			}
			if !strings.Contains(body, "upstream_error") && !strings.Contains(body, "deployment_cooling_down") && !strings.Contains(body, "server_error") {
				t.Errorf("the failure itself is answered, not the ceiling: %s", body)
			}
		})
	}
	all.Wait()
	var spent dcoder.Micros
	moved := 0
	for _, row := range b.Rows(60) {
		if row.Failover {
			moved++
			spent += row.Cost
		}
	}
	require.LessOrEqual(t, spent, int64(ceiling))
	require.EqualValues(t, served.Load(), moved)
	require.Positive(t, moved)
	require.Less(t, moved, 60)
}

// TestSeveralCredentialsOfOneService: no policy is needed to use them.
func TestSeveralCredentialsOfOneService(t *testing.T) {
	const second = "sk-second-0123456789abcdefgh"
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
		g := s.Providers["openai"]
		g.Name, g.Secret = "second", second
		s.Providers["second"] = g
		s.Aliases = map[string][]dcoder.Target{"both": {{Provider: "openai", Model: "gpt-4o"}, {Provider: "second", Model: "gpt-4o"}}}
	}})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{
		Kind: llmsim.KindStatus, Status: 429, RetryAfter: llmsim.Duration(50 * time.Second), Key: llmtest.Secret,
	}))
	for range 3 {
		resp, body := send(t, b, "/v1/chat/completions", asking("both", false, ""))
		require.Equal(t, http.StatusOK, resp.StatusCode, body)
	}
	seen := b.Seen(4)
	first := 0
	for _, s := range seen {
		if s.Credential == llmsim.Fingerprint(llmtest.Secret) {
			first++
		}
	}
	require.Equal(t, 1, first, "it is left alone from then on")
	for _, row := range b.Rows(3) {
		require.Equal(t, "second", row.Provider)
		require.False(t, row.Failover)
	}
}

// TestACoolingDeploymentIsLeftAlone: the client hears when to come again, the
// provider hears nothing, and no limit is touched.
func TestACoolingDeploymentIsLeftAlone(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 429, RetryAfter: llmsim.Duration(40 * time.Second), Count: 1}))
	resp, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""))
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	for _, stream := range []bool{false, true} {
		resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", stream, ""))
		require.Equal(t, http.StatusTooManyRequests, resp.StatusCode, body)
		require.Contains(t, body, "left alone")
		after, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.InDelta(t, 40, after, 3)
	}
	require.Len(t, b.Sim.Requests(0), 1)
	resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", false, ""))
	require.Equal(t, http.StatusOK, resp.StatusCode, body)
	refused := 0
	for _, row := range b.Rows(4) {
		if row.State == dcoder.UsageRefused {
			refused++
		}
	}
	require.Equal(t, 2, refused)
}

// TestTimeouts: each bound has a code of its own, and each holds for its part.
func TestTimeouts(t *testing.T) {
	silence := func(after int) llmsim.Fault {
		return llmsim.Fault{Kind: llmsim.KindSilence, After: after, For: llmsim.Duration(20 * time.Second)}
	}
	for name, c := range map[string]struct {
		fault  llmsim.Fault
		bounds dcoder.Timeouts
		stream bool
		code   string
	}{
		"no head":                {silence(0), dcoder.Timeouts{FirstTokenMS: 150}, true, "upstream_timeout_first_token"},
		"a head and no content":  {llmsim.Fault{Kind: llmsim.KindStall, For: llmsim.Duration(20 * time.Second)}, dcoder.Timeouts{FirstTokenMS: 150, IdleMS: 10_000}, true, "upstream_timeout_first_token"},
		"silence in the middle":  {silence(5), dcoder.Timeouts{FirstTokenMS: 10_000, IdleMS: 150}, true, "upstream_timeout_idle"},
		"the whole of a stream":  {silence(5), dcoder.Timeouts{IdleMS: 10_000, TotalMS: 300}, true, "upstream_timeout_total"},
		"the whole of an answer": {silence(0), dcoder.Timeouts{FirstTokenMS: 50, IdleMS: 50, TotalMS: 300}, false, "upstream_timeout_total"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) { s.Tenant.Timeouts = c.bounds }})
			require.NoError(t, b.Sim.Inject(c.fault))
			begun := time.Now()
			resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", c.stream, ""))
			require.Less(t, time.Since(begun), 10*time.Second)
			require.Contains(t, body, c.code)
			require.NotContains(t, body, "[DONE]")
			if c.stream { // the status went out with a ping or with content
				require.Equal(t, http.StatusOK, resp.StatusCode)
			} else {
				require.Equal(t, http.StatusGatewayTimeout, resp.StatusCode)
			}
			row := b.Row()
			require.Equal(t, c.code, row.ErrorCode)
			require.Equal(t, dcoder.UsageFailed, row.State)
			require.Len(t, b.Seen(1), 1, "the provider is hung up on")
		})
	}
	t.Run("a slow deployment is failed over", func(t *testing.T) {
		b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
			ordered(allowing(1_000_000))(s)
			s.Routes["best"] = dcoder.Route{Strategy: dcoder.StrategyOrdered, Timeouts: dcoder.Timeouts{FirstTokenMS: 150}}
		}})
		f := silence(0)
		f.Model = "gpt-4o"
		require.NoError(t, b.Sim.Inject(f))
		resp, body := send(t, b, "/v1/chat/completions", asking("best", true, ""))
		require.Equal(t, http.StatusOK, resp.StatusCode, body)
		require.Equal(t, "groq", b.Row().Provider)
	})
}

// TestProviderHeadersReachTheClient: on success too, of every dialect that this
// handler speaks; limits and ids of the provider under names of their own.
func TestProviderHeadersReachTheClient(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	for _, model := range []string{"gpt-4o-mini", "llm.groq.llama-3.1-8b-instant"} {
		for _, stream := range []bool{false, true} {
			resp, body := send(t, b, "/v1/chat/completions", asking(model, stream, ""), "X-Request-Id", "mine-1")
			require.Equal(t, http.StatusOK, resp.StatusCode, body)
			require.Equal(t, "mine-1", resp.Header.Get("X-Request-Id"))
			for _, name := range []string{"X-Upstream-Request-Id", "X-Upstream-Ratelimit-Remaining-Requests", "X-Upstream-Ratelimit-Remaining-Tokens"} {
				require.NotEmpty(t, resp.Header.Get(name), "%s of %s, stream %v", name, model, stream)
			}
		}
	}
}

func TestModelsListWhatRoutesComeDownTo(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) {
		s.Models = []string{"gpt-4o", "llm.groq.*"}
		s.Aliases = map[string][]dcoder.Target{
			"inner": {{Provider: "openai", Model: "gpt-4o"}}, "outer": {{Alias: "inner"}, {Provider: "openai", Model: "gpt-5"}},
			"hidden": {{Provider: "openai", Model: "gpt-5"}}, "loop": {{Alias: "loop"}},
		}
		s.Routes = map[string]dcoder.Route{"outer": {Strategy: dcoder.StrategyFastest}}
	}})
	_, body := send(t, b, "/v1/chat/completions", asking("outer", false, ""))
	require.Contains(t, body, "gpt-4o")
	client := sdk(b)
	resp, err := client.Models.List(t.Context())
	require.NoError(t, err)
	var ids []string
	for _, m := range resp.Data {
		ids = append(ids, m.ID)
	}
	require.Subset(t, ids, []string{"inner", "outer", "gpt-4o", "llm.groq." + groqModel})
	require.NotContains(t, ids, "hidden")
	require.NotContains(t, ids, "loop")
	require.NotContains(t, ids, "gpt-5")
}

// TestAKeyOfTheCallersOwn: only where the tenant allows it, at the stored address,
// and nowhere else.
func TestAKeyOfTheCallersOwn(t *testing.T) {
	const own = "sk-of-the-caller-0123456789"
	b := serveChat(t, llmtest.Options{Coats: func(c *llm.Coats) { c.RetryMost = 1 }})
	resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""), "X-Dcoder-Provider-Key", "openai:"+own)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.Contains(t, body, "caller_keys_not_allowed")
	require.NotContains(t, body, own)
	b.Change(func(s *dcoder.Snapshot) { s.Tenant.CallerKeys = true })
	for _, bad := range []string{"openai", ":" + own, "openai:", "openai:a b"} {
		resp, body = send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""), "X-Dcoder-Provider-Key", bad)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, body)
	}
	require.Empty(t, b.Sim.Requests(0))
	resp, body = send(t, b, "/v1/chat/completions", asking("gpt-4o", true, `,"api_base":"http://169.254.169.254","base_url":"http://10.0.0.1"`), "X-Dcoder-Provider-Key", "openai:"+own)
	require.Equal(t, http.StatusOK, resp.StatusCode, body)
	require.Equal(t, llmsim.Fingerprint(own), b.Seen(1)[0].Credential)
	resp, _ = send(t, b, "/v1/chat/completions", asking("llm.groq."+groqModel, false, ""), "X-Dcoder-Provider-Key", "openai:"+own)
	require.NotEqual(t, http.StatusOK, resp.StatusCode, "the key is for another provider, and the stored one is not meant")
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 401, Message: "no: " + own}))
	resp, body = send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""), "X-Dcoder-Provider-Key", "openai:"+own)
	require.Equal(t, http.StatusBadGateway, resp.StatusCode)
	require.NotContains(t, body, own)
	for _, row := range b.Rows(3) {
		raw, err := json.Marshal(row)
		require.NoError(t, err)
		require.NotContains(t, string(raw), own)
	}
}
