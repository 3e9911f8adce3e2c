package openai_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/groq"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/openai"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
)

// provider is a server that speaks OpenAI's or Groq's API, and what it was asked.
type provider struct {
	t     *testing.T
	url   string
	path  string
	body  []byte
	calls int
}

// serve answers with h, nil for the simulator.
func serve(t *testing.T, h http.Handler) *provider {
	t.Helper()
	if h == nil {
		h = llmsim.New(llmsim.Config{Instant: true}).Handler()
	}
	p := &provider{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.calls++
		p.path = r.URL.Path
		p.body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(p.body))
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// said answers every request with a body.
func said(kind, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
	})
}

const (
	asJSON = "application/json"
	asSSE  = "text/event-stream"
)

var protocols = map[llm.Kind]canonical.Protocol{llm.Chat: chat.Protocol, llm.Message: messages.Protocol, llm.Response: responses.Protocol}

// call is one call by a dialect.
type call struct {
	dialect string // "openai" or "groq"
	kind    llm.Kind
	model   string
	body    string
	drop    bool
}

// answer is what came of it.
type answer struct {
	raw     []byte
	usage   llm.Usage
	last    bool
	dropped []string
}

func (p *provider) complete(c call) (answer, error) {
	p.t.Helper()
	req := &llm.Request{Kind: c.kind, Inbound: protocols[c.kind], Snapshot: &dcoder.Snapshot{}}
	if c.drop {
		req.Snapshot.Tenant.Params = "drop"
	}
	req.Body = llm.NewBuffer(len(c.body))
	req.Body.B = append(req.Body.B, c.body...)
	require.NoError(p.t, req.Parse(req.Body.B))
	var d llm.Dialect = openai.New(http.DefaultClient)
	base := p.url + "/v1"
	if c.dialect == "groq" {
		d, base = groq.New(http.DefaultClient), p.url+"/openai/v1"
	}
	candidate := &llm.Candidate{Model: c.model, Grant: dcoder.ProviderGrant{Name: c.dialect, Dialect: c.dialect, BaseURL: base, Secret: "sk-secret"}}
	reply, err := d.Complete(p.t.Context(), req, candidate)
	if err != nil {
		return answer{}, err
	}
	defer reply.Close(nil)
	out := answer{usage: reply.Usage, dropped: req.Dropped}
	if reply.Stream == nil {
		out.raw = bytes.Clone(reply.Body.B)
		return out, nil
	}
	for {
		chunk, err := reply.Stream.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out.raw = append(out.raw, chunk.Raw...)
		out.last = out.last || chunk.Last
		if chunk.Usage != nil {
			out.usage = *chunk.Usage
		}
	}
}

// must is complete of a call that succeeds.
func (p *provider) must(c call) answer {
	p.t.Helper()
	a, err := p.complete(c)
	require.NoError(p.t, err)
	return a
}

// refused is the public error of a call that fails.
func (p *provider) refused(c call) *dcoder.Error {
	p.t.Helper()
	_, err := p.complete(c)
	var f *llm.Failure
	require.ErrorAs(p.t, err, &f)
	return f.Public
}
