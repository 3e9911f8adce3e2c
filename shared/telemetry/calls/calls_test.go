package calls_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/telemetry/calls"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
)

var (
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\+Inf|-?[0-9.]+(?:e[+-][0-9]+)?)$`)
	labelsForm = regexp.MustCompile(`^\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*")*\}$`)
)

// parse reads the text format and refuses what a scraper would: samples of no
// family, series twice, buckets that fall, a histogram that does not add up.
func parse(t testing.TB, text string) map[string]float64 {
	t.Helper()
	require.True(t, strings.HasSuffix(text, "\n"))
	types, out := map[string]string{}, map[string]float64{}
	last, family := map[string]float64{}, ""
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			require.Empty(t, types[name], "a family twice: %s", name)
			require.Contains(t, []string{"counter", "gauge", "histogram"}, kind)
			types[name], family = kind, name
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		require.NotNil(t, m, line)
		if m[2] != "" {
			require.Regexp(t, labelsForm, m[2])
		}
		base := m[1]
		if types[family] == "histogram" {
			base = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(base, "")
		}
		require.Equal(t, family, base, "a sample stands with its family")
		require.NotContains(t, out, m[1]+m[2], "a series twice")
		v, err := strconv.ParseFloat(m[3], 64)
		require.NoError(t, err)
		out[m[1]+m[2]] = v
		if strings.HasSuffix(m[1], "_bucket") {
			series := m[1] + regexp.MustCompile(`,?le="[^"]*"`).ReplaceAllString(m[2], "")
			require.GreaterOrEqual(t, v, last[series], "buckets are cumulative")
			last[series] = v
		}
	}
	return out
}

func scrape(t testing.TB, w *calls.Watch) map[string]float64 {
	var b bytes.Buffer
	require.NoError(t, metric.WriteText(&b, metric.Collect(w.Families)))
	return parse(t, b.String())
}

// serve answers chat under a Watch.
func serve(t testing.TB, w *calls.Watch, change func(*dcoder.Snapshot)) *llmtest.Bench {
	return llmtest.New(t, llmtest.Options{Coats: func(c *llm.Coats) { c.Observer = w }, Snapshot: change}, func(m llm.Model) function.Func {
		return chat.New(chat.Deps{Model: m})
	})
}

func ask(t testing.TB, url, body, parent string) int {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer dck_test")
	if parent != "" {
		r.Header.Set("Traceparent", parent)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, resp.Body)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

const (
	secret = "please keep sk-proj-" + "q7Zt4Vb9Xw2Lk8Rj5Nm3Hs6Pd1Fg0Yc7Tx4Ub9Ie2Ao" + " to yourself"
	whole  = `{"model":"gpt-4o-mini","user":"somebody","messages":[{"role":"user","content":"` + secret + `"}]}`
	stream = `{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"` + secret + `"}]}`
)

func TestNumbersOfCalls(t *testing.T) {
	w := calls.New(calls.Options{LiteLLM: true, TenantMost: 3})
	b := serve(t, w, nil)
	require.Equal(t, 200, ask(t, b.URL, whole, ""))
	require.Equal(t, 200, ask(t, b.URL, stream, ""))
	require.Equal(t, 404, ask(t, b.URL, `{"model":"nobody-has-it","messages":[{"role":"user","content":"a"}]}`, ""))
	var m map[string]float64
	require.Eventually(t, func() bool {
		m = scrape(t, w)
		return m[`dcoder_requests_total{route="/v1/chat/completions",provider="openai",model="gpt-4o-mini",status="2xx"}`] == 2
	}, 5*time.Second, 5*time.Millisecond)
	require.EqualValues(t, 1, m[`dcoder_requests_total{route="/v1/chat/completions",provider="none",model="none",status="4xx"}`])
	require.Positive(t, m[`dcoder_tokens_total{provider="openai",model="gpt-4o-mini",currency="USD",type="input"}`])
	require.Positive(t, m[`dcoder_tokens_total{provider="openai",model="gpt-4o-mini",currency="USD",type="output"}`])
	require.Positive(t, m[`dcoder_cost_micros_total{provider="openai",model="gpt-4o-mini",currency="USD"}`])
	require.EqualValues(t, 1, m[`dcoder_time_to_first_token_seconds_count{provider="openai",operation="chat"}`])
	require.EqualValues(t, 2, m[`dcoder_request_duration_seconds_count{provider="openai",operation="chat"}`])
	require.EqualValues(t, 3, m[`dcoder_overhead_seconds_count{route="/v1/chat/completions"}`])
	require.EqualValues(t, 2, m[`dcoder_ledger_wait_seconds_count`])
	require.Less(t, m[`dcoder_overhead_seconds_sum{route="/v1/chat/completions"}`]+m[`dcoder_provider_duration_seconds_sum{provider="openai",operation="chat"}`],
		m[`dcoder_request_duration_seconds_sum{provider="openai",operation="chat"}`]+1)
	require.EqualValues(t, 2, m[`dcoder_guard_total{outcome="alerted"}`])
	require.EqualValues(t, 3, m[`dcoder_tenant_requests_total{tenant="`+b.Tenant+`"}`])
	require.EqualValues(t, 2, m[`litellm_proxy_total_requests_metric_total{route="/v1/chat/completions",api_provider="openai",model="gpt-4o-mini",status_code="2xx"}`])
	require.InDelta(t, 1e-6*m[`dcoder_cost_micros_total{provider="openai",model="gpt-4o-mini",currency="USD"}`], m[`litellm_spend_metric_total{api_provider="openai",model="gpt-4o-mini"}`], 1e-9)
	names := map[string]bool{}
	for _, f := range w.Pushed() {
		names[f.Name] = true
	}
	for _, name := range []string{"gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gen_ai.client.operation.time_to_first_chunk"} {
		require.True(t, names[name], name)
	}
}

// TestSeriesAreBounded: ten thousand names of models, tenants, routes and codes
// make no more series than one of each.
func TestSeriesAreBounded(t *testing.T) {
	w := calls.New(calls.Options{LiteLLM: true, TenantMost: 5})
	for i := range 10_000 {
		name := fmt.Sprintf("gpt-4o-%x", rand.Uint64())
		if i%2 == 0 {
			name = fmt.Sprintf("m%x\n\"", rand.Uint64())
		}
		req := &llm.Request{
			Route: "/v1/" + name, Model: name, Begun: time.Now(), Snapshot: &dcoder.Snapshot{},
			Candidates: []llm.Candidate{{Model: name, Grant: dcoder.ProviderGrant{Name: name, Dialect: "openai"}}},
		}
		w.Observe(req, &dcoder.UsageRecord{
			Tenant: name, ModelAsked: name, ModelServed: name, Provider: name, Status: 200 + i%400, ErrorCode: name,
			State: dcoder.UsageRefused, Currency: name[:3], Tokens: dcoder.Tokens{Input: 1, Output: 1}, Retries: 1, Guard: "alerted", Cache: "miss",
		})
	}
	m := scrape(t, w)
	require.Less(t, len(m), 1500)
	total := 0.0
	for series, v := range m {
		if strings.HasPrefix(series, "dcoder_requests_total{") {
			total += v
			require.Contains(t, series, `model="other"`)
		}
	}
	require.EqualValues(t, 10_000, total, "nothing is lost")
}

func TestObservingAllocatesNothing(t *testing.T) {
	w := calls.New(calls.Options{Platform: otlp.NewExporter(otlp.Options{}), Percent: 0, TenantMost: 5})
	req := &llm.Request{
		Route: "/v1/chat/completions", Begun: time.Now(), Snapshot: &dcoder.Snapshot{},
		Candidates: []llm.Candidate{{Model: "gpt-4o-mini", Grant: dcoder.ProviderGrant{Dialect: "openai"}}},
	}
	r := &dcoder.UsageRecord{Tenant: "a", Status: 200, State: dcoder.UsageFinal, Tokens: dcoder.Tokens{Input: 1, Output: 1}, Guard: "alerted"}
	require.Zero(t, testing.AllocsPerRun(100, func() { w.Observe(req, r) }))
}

// bodies collects what is posted to it.
type bodies struct {
	mu  sync.Mutex
	all []string
	who []string
}

func (b *bodies) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	user, pass, _ := r.BasicAuth()
	b.all, b.who = append(b.all, string(raw)), append(b.who, user+":"+pass)
}

func (b *bodies) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.all, "\n")
}

type direct struct{}

func (direct) Do(r *http.Request) (*http.Response, error) { return http.DefaultTransport.RoundTrip(r) }

func sink(t testing.TB) (*bodies, string) {
	b := &bodies{}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return b, s.URL
}

const sampledParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

type span struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	Attributes                          []struct {
		Key   string
		Value struct{ StringValue, IntValue string }
	}
}

func spansOf(t testing.TB, b *bodies) (all []span) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, raw := range b.all {
		var in struct {
			ResourceSpans []struct{ ScopeSpans []struct{ Spans []span } }
		}
		require.NoError(t, json.Unmarshal([]byte(raw), &in))
		for _, r := range in.ResourceSpans {
			for _, s := range r.ScopeSpans {
				all = append(all, s.Spans...)
			}
		}
	}
	return all
}

func TestSpansOfAStreamCarryNoContents(t *testing.T) {
	got, url := sink(t)
	e := otlp.NewExporter(otlp.Options{Doer: direct{}})
	w := calls.New(calls.Options{Platform: e, Destination: otlp.Destination{URL: url}, Percent: 0})
	b := serve(t, w, nil)
	ask(t, b.URL, whole, "")
	ask(t, b.URL, stream, strings.TrimSuffix(sampledParent, "1")+"0")
	ask(t, b.URL, stream, sampledParent)
	require.Eventually(t, func() bool {
		require.NoError(t, e.Flush(context.Background()))
		return len(spansOf(t, got)) > 0
	}, 5*time.Second, 5*time.Millisecond)
	all := spansOf(t, got)
	require.Len(t, all, 4, "the sampled one only")
	root, admit, try, flow := all[0], all[1], all[2], all[3]
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", root.TraceID)
	require.Equal(t, "b7ad6b7169203331", root.ParentSpanID)
	require.Equal(t, []string{"/v1/chat/completions", "admit", "chat gpt-4o-mini", "stream"}, []string{root.Name, admit.Name, try.Name, flow.Name})
	require.Equal(t, []string{root.SpanID, root.SpanID, try.SpanID}, []string{admit.ParentSpanID, try.ParentSpanID, flow.ParentSpanID})
	require.Equal(t, []int{2, 1, 3, 1}, []int{root.Kind, admit.Kind, try.Kind, flow.Kind})
	for _, word := range []string{"please", "sk-proj", "yourself", "somebody", llmtest.Secret, "messages\""} {
		require.NotContains(t, got.text(), word)
	}
	require.Contains(t, got.text(), `"gen_ai.usage.output_tokens"`)
}

// TestATenantsOwnCollector: its spans and nobody else's; contents if it wants
// them, masked.
func TestATenantsOwnCollector(t *testing.T) {
	gotA, urlA := sink(t)
	gotB, urlB := sink(t)
	e := otlp.NewExporter(otlp.Options{Doer: direct{}})
	w := calls.New(calls.Options{Tenants: e})
	grant := func(url, key string, contents bool) func(*dcoder.Snapshot) {
		return func(s *dcoder.Snapshot) {
			s.Tracing = &dcoder.TracingGrant{Endpoint: url, PublicKey: key, Secret: "sk-lf-x", Percent: 100, Contents: contents}
		}
	}
	a, b, silent := serve(t, w, grant(urlA, "pk-a", false)), serve(t, w, grant(urlB, "pk-b", true)), serve(t, w, nil)
	for _, bench := range []*llmtest.Bench{a, b, silent} {
		ask(t, bench.URL, whole, "")
		ask(t, bench.URL, stream, "")
	}
	require.Eventually(t, func() bool {
		require.NoError(t, e.Flush(context.Background()))
		return len(spansOf(t, gotA)) == 7 && len(spansOf(t, gotB)) == 7
	}, 5*time.Second, 5*time.Millisecond)
	require.Contains(t, gotA.text(), a.Tenant)
	require.NotContains(t, gotA.text(), b.Tenant)
	require.NotContains(t, gotA.text()+gotB.text(), silent.Tenant)
	require.NotContains(t, gotB.text(), a.Tenant)
	require.NotContains(t, gotA.text(), "please")
	require.Contains(t, gotB.text(), "please keep [masked:")
	require.NotContains(t, gotB.text(), "sk-proj")
	require.Contains(t, gotB.text(), "gen_ai.output.messages")
	require.Equal(t, "pk-a:sk-lf-x", gotA.who[0])
	require.Equal(t, "pk-b:sk-lf-x", gotB.who[0])
}
