package vertex_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/functions/embed"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/vertex"
	"github.com/d-coder-ai/dcoder/shared/llm/fetch"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

// asked is a request as the provider saw it.
type asked struct {
	Path   string
	Header http.Header
	Body   map[string]any
}

// provider is the simulator, with everything that it was asked.
type provider struct {
	sim *llmsim.Server
	mu  sync.Mutex
	all []asked
}

// ServeHTTP implements http.Handler.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	a := asked{Path: r.URL.RequestURI(), Header: r.Header.Clone()}
	_ = json.Unmarshal(raw, &a.Body)
	p.mu.Lock()
	p.all = append(p.all, a)
	p.mu.Unlock()
	p.sim.Handler().ServeHTTP(w, r)
}

// last is what was asked last.
func (p *provider) last(t testing.TB) asked {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NotEmpty(t, p.all)
	return p.all[len(p.all)-1]
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all)
}

var models = []string{
	"gemini-2.5-flash", "gemini-2.5-pro", "gemini-3-pro-preview", "gemini-embedding-001", "text-embedding-004", "gemini-embedding-2",
	"claude-3-7-sonnet@20250219", "../../v1/models", "sim-fail-500",
}

// serve answers calls of every shape, and embeddings, as production does: by the
// functions chat and embed, through all coats.
func serve(t *testing.T, change func(*dcoder.Snapshot)) (*llmtest.Bench, *provider) {
	t.Helper()
	p := &provider{sim: llmsim.New(llmsim.Config{Models: []string{"gemini-embedding-2"}})}
	o := llmtest.Options{Upstream: p, Coats: plainFiles, Snapshot: func(s *dcoder.Snapshot) {
		for _, name := range []string{"google", "vertex"} {
			g := s.Providers[name]
			g.Models = models
			s.Providers[name] = g
		}
		if change != nil {
			change(s)
		}
	}}
	b := llmtest.New(t, o, func(m llm.Model) function.Func {
		f := chat.New(chat.Deps{Model: m})
		f.Routes = append(f.Routes, embed.New(embed.Deps{Model: m}).Routes...)
		return f
	})
	return b, p
}

// plainFiles lets files be fetched from test servers without TLS.
func plainFiles(c *llm.Coats) {
	d := upstream.NewLean(upstream.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	files := &fetch.Files{Client: d, Plain: true}
	c.Dialects["google"], c.Dialects["vertex"] = google.New(d, files), vertex.New(d, files)
}

// send posts a body and returns status and answer.
func send(t *testing.T, b *llmtest.Bench, path, body string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer dck_test")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, raw
}

// completion is the part of a chat answer that tests read.
type completion struct {
	Choices []struct {
		Message struct {
			Content   string           `json:"content"`
			Reasoning string           `json:"reasoning_content"`
			ToolCalls []map[string]any `json:"tool_calls"`
		} `json:"message"`
		Finish string `json:"finish_reason"`
	} `json:"choices"`
	Usage struct {
		Prompt     int64 `json:"prompt_tokens"`
		Completion int64 `json:"completion_tokens"`
		Details    struct {
			Reasoning int64 `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	} `json:"usage"`
}

func complete(t *testing.T, b *llmtest.Bench, body string) completion {
	t.Helper()
	status, raw := send(t, b, "/v1/chat/completions", body)
	require.Equal(t, http.StatusOK, status, "%s", raw)
	var out completion
	require.NoError(t, json.Unmarshal(raw, &out))
	require.Len(t, out.Choices, 1)
	return out
}
