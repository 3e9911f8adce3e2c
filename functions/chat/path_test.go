package chat_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
)

// path is the handler alone: everything that stands around it answers at once
// and in memory, so that what is measured is the gateway's own work.
type path struct{ snap *dcoder.Snapshot }

func (p path) Identify(ctx context.Context, _ *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	return auth.WithSnapshot(ctx, p.snap), &p.snap.Principal, nil
}

func (p path) Fresh(_ context.Context, s *dcoder.Snapshot, _, _ dcoder.Generation, _ bool) (*dcoder.Snapshot, error) {
	return s, nil
}

func (p path) Renew(_ context.Context, s *dcoder.Snapshot) (*dcoder.Snapshot, error) { return s, nil }

func (path) Admit(context.Context, *llm.Admission) (llm.Verdict, error) {
	return llm.Verdict{Admitted: true}, nil
}

func (path) Extend(context.Context, *llm.Extension) (llm.Verdict, error) {
	return llm.Verdict{Admitted: true}, nil
}
func (path) Settle(*llm.Settlement)      {}
func (path) Drain(context.Context) error { return nil }

const (
	wholeAnswer = `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there, how may I help you today?","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":9,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"system_fingerprint":"fp_1"}`
	oneChunk    = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}],"usage":null}` + "\n\n"
	lastChunks  = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":50}}` + "\n\ndata: [DONE]\n\n"
)

// canned answers every request with the same bytes.
type canned struct {
	header http.Header
	body   []byte
}

func (c canned) Do(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &http.Response{StatusCode: 200, Header: c.header, ContentLength: int64(len(c.body)), Body: io.NopCloser(bytes.NewReader(c.body))}, nil
}

// streamed answers with 50 events of a token each.
func streamed() canned {
	return canned{http.Header{"Content-Type": {"text/event-stream"}}, []byte(strings.Repeat(oneChunk, 50) + lastChunks)}
}

func granted() *dcoder.Snapshot {
	return &dcoder.Snapshot{
		Principal: dcoder.Principal{Tenant: "t", Key: llmtest.Key, Permissions: []dcoder.Permission{dcoder.ModelsUse}},
		Tenant:    dcoder.TenantPolicy{TimeZone: "UTC", Currency: "USD"},
		Providers: map[string]dcoder.ProviderGrant{"openai": {Name: "openai", Dialect: "openai", BaseURL: "https://api.example.com/v1", Secret: "s"}},
	}
}

func handler(t testing.TB, stream bool) http.Handler {
	t.Helper()
	c := canned{http.Header{"Content-Type": {"application/json"}}, []byte(wholeAnswer)}
	if stream {
		c = streamed()
	}
	return handlerOf(t, c, nil)
}

func handlerOf(t testing.TB, c canned, j llm.Journal) http.Handler {
	t.Helper()
	p := path{granted()}
	m := llm.Chain(llm.Coats{Dialects: providers.All(c), Ledger: p, Fresh: p, Journal: j})
	h, err := function.NewHost(function.Wiring{Identifier: p}, chat.New(chat.Deps{Model: m}))
	require.NoError(t, err)
	return h
}

// sink is a ResponseWriter that costs nothing.
type sink struct{ h http.Header }

func (s sink) Header() http.Header            { return s.h }
func (sink) WriteHeader(int)                  {}
func (sink) Write(p []byte) (int, error)      { return len(p), nil }
func (sink) Flush()                           {}
func (sink) SetReadDeadline(time.Time) error  { return nil }
func (sink) SetWriteDeadline(time.Time) error { return nil }

func oneRequest(h http.Handler, body string) {
	r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
	h.ServeHTTP(sink{make(http.Header, 16)}, r)
}

// TestAllocationsOfTheHotPath holds what a request allocates in the gateway: the
// chain, the coats and the dialect, without the transport, the ledger and the
// test's own request.
func TestAllocationsOfTheHotPath(t *testing.T) {
	body := asking("gpt-4o-mini", false, "")
	own := testing.AllocsPerRun(200, func() {
		httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
		_ = sink{make(http.Header, 16)}
	})
	h := handler(t, false)
	require.LessOrEqual(t, testing.AllocsPerRun(500, func() { oneRequest(h, body) })-own, 62.0)
	h = handler(t, true)
	body = asking("gpt-4o-mini", true, "")
	require.LessOrEqual(t, testing.AllocsPerRun(500, func() { oneRequest(h, body) })-own, 78.0, "50 chunks: nothing for each")
}

func BenchmarkHandler(b *testing.B) {
	for name, stream := range map[string]bool{"whole": false, "stream of 50": true} {
		b.Run(name, func(b *testing.B) {
			h, body := handler(b, stream), asking("gpt-4o-mini", stream, "")
			b.ReportAllocs()
			for b.Loop() {
				oneRequest(h, body)
			}
		})
	}
	b.Run("the test's own request", func(b *testing.B) {
		body := asking("gpt-4o-mini", false, "")
		b.ReportAllocs()
		for b.Loop() {
			httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
			_ = sink{make(http.Header, 16)}
		}
	})
}
