package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
)

// inbound are the protocols in which clients talk.
var inbound = map[llm.Kind]canonical.Protocol{
	llm.Chat: chat.Protocol, llm.Message: messages.Protocol, llm.Response: responses.Protocol,
}

// nativeOf returns the provider's own protocol, nil where bytes pass through only.
func (r *recording) nativeOf() canonical.Protocol {
	if !r.native {
		return generate.Protocol
	}
	return inbound[r.kind]
}

// secret stands for every credential.
const secret = "ya29.conformance" // as a bearer token, which Vertex takes as it is

// provider plays a recorded answer and keeps what it was asked.
type provider struct {
	recording *recording
	asked     []byte
	at        string
}

// Do implements llm.Doer.
func (p *provider) Do(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.asked, p.at = raw, r.URL.String()
	_ = r.Body.Close()
	h := http.Header{"Content-Type": {"application/json"}}
	if p.recording.stream && p.recording.Response.Code == http.StatusOK {
		h.Set("Content-Type", "text/event-stream")
	}
	body := []byte(p.recording.Response.Body)
	return &http.Response{
		StatusCode: p.recording.Response.Code, Header: h, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader(body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// answer is what a client gets.
type answer struct {
	body  []byte
	usage llm.Usage
	ended bool // a stream's terminal event came
	err   error
}

// play sends body as a client of kind would, to the recording's provider.
func (r *recording) play(kind llm.Kind, body []byte) (sent []byte, a answer) {
	p := &provider{recording: r}
	req := &llm.Request{
		ID: dcoder.NewID(), Kind: kind, Route: "/v1/" + fmt.Sprint(kind),
		Principal: &dcoder.Principal{Tenant: "t"}, Snapshot: &dcoder.Snapshot{Tenant: dcoder.TenantPolicy{Params: "reject"}},
		Inbound: inbound[kind],
	}
	if err := req.Parse(body); err != nil {
		return nil, answer{err: err}
	}
	dialect := providers.All(p)[r.dialect]
	c := llm.Candidate{
		Grant: dcoder.ProviderGrant{Name: r.dialect, Dialect: r.dialect, BaseURL: r.base(), Secret: secret},
		Model: r.model, Price: &dcoder.Price{}, Dialect: dialect,
	}
	req.Candidates = []llm.Candidate{c}
	rep, err := dialect.Complete(context.Background(), req, &c)
	if err != nil {
		return p.asked, answer{err: err}
	}
	defer rep.Close(nil)
	if rep.Stream == nil {
		return p.asked, answer{body: bytes.Clone(rep.Body.B), usage: rep.Usage, ended: true}
	}
	return p.asked, drain(rep.Stream)
}

func drain(s llm.Stream) (a answer) {
	for {
		c, err := s.Next()
		if errors.Is(err, io.EOF) {
			return a
		}
		if err != nil {
			a.err = err
			return a
		}
		a.body = append(a.body, c.Raw...)
		a.ended = a.ended || c.Last
		if c.Usage != nil {
			a.usage = *c.Usage
		}
	}
}

// base is the address that a tenant would store for the recording's provider.
func (r *recording) base() string {
	switch r.dialect {
	case "vertex":
		return "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5"
	case "google":
		return "https://generativelanguage.googleapis.com"
	case "groq":
		return "https://api.groq.com/openai/v1"
	case "anthropic":
		return "https://api.anthropic.com/v1"
	}
	if at := strings.Index(r.Request.URL, "/chat/completions"); at > 0 {
		return r.Request.URL[:at]
	}
	return "https://api.openai.com/v1"
}
