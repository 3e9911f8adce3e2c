package openai

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

var paths = [...]string{
	llm.Chat: "/chat/completions", llm.Completion: "/completions", llm.Embedding: "/embeddings",
	llm.Response: "/responses",
}

// Values of headers that are the same in every request; the transport does not
// write to them.
var (
	typeJSON   = []string{"application/json"}
	acceptSSE  = []string{"text/event-stream"}
	userAgents = []string{"dcoder"}
)

// request builds the provider's request: the client's body with what must
// differ, and no header of the client's.
func (d *Dialect) request(ctx context.Context, req *llm.Request, c *llm.Candidate, rewrite Rewrite) (*http.Request, error) {
	at, err := d.places.find(c.Grant.BaseURL, req.Kind)
	if err != nil {
		return nil, err
	}
	h := make(http.Header, 6)
	h["Content-Type"], h["Accept"], h["User-Agent"] = typeJSON, typeJSON, userAgents
	if req.Stream {
		h["Accept"] = acceptSSE
	}
	values := [...]string{"Bearer " + c.Grant.Secret, req.RequestID, req.TraceParent}
	h["Authorization"] = values[0:1:1]
	if req.RequestID != "" {
		h[dcoder.HeaderRequestID] = values[1:2:2]
	}
	if req.TraceParent != "" {
		h[dcoder.HeaderTraceParent] = values[2:3:3]
	}
	patch := d.patch(req, c)
	if rewrite.Member != "" {
		patch.InsertMember(req.Doc.Open, false, rewrite.Member)
	}
	length := patch.Len(req.Doc.Raw)
	out := http.Request{
		Method: http.MethodPost, URL: at, Host: at.Host, Header: h, ContentLength: int64(length),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: newBody(req, patch),
		GetBody: func() (io.ReadCloser, error) { return newBody(req, patch), nil },
	}
	return out.WithContext(ctx), nil
}

// patch says what of the client's body must differ.
func (d *Dialect) patch(req *llm.Request, c *llm.Candidate) (p jsonscan.Patch) {
	doc := &req.Doc
	if req.Model != c.Model {
		p.Replace(doc.Fields[llm.FieldModel], quote(c.Model))
	}
	if !req.Stream || req.WantsUsage || !d.flavour.AsksUsage || req.Kind == llm.Response {
		return p
	}
	v := doc.Fields[llm.FieldStreamOptions]
	switch v.Kind {
	case jsonscan.None:
		p.InsertMember(doc.Open, false, `"stream_options":{"include_usage":true}`)
	case jsonscan.Null:
		p.Replace(v, `{"include_usage":true}`)
	default:
		askInside(&p, doc, v)
	}
	return p
}

// quote writes a model's name as JSON.
func quote(name string) string {
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			b, _ := json.Marshal(name) // a string always encodes
			return string(b)
		}
	}
	return `"` + name + `"`
}

var includeUsage = jsonscan.NewNames("include_usage")

// askInside puts the wish into the client's own stream_options.
func askInside(p *jsonscan.Patch, doc *jsonscan.Doc, v jsonscan.Value) {
	var inner jsonscan.Doc
	if doc.Sub(v, includeUsage, &inner) != nil {
		return // the parser has refused it before
	}
	if at := inner.Fields[0]; at.Kind != jsonscan.None {
		p.Replace(jsonscan.Value{Start: v.Start + at.Start, End: v.Start + at.End}, "true")
		return
	}
	p.InsertMember(v.Start+inner.Open, inner.Size == 0, `"include_usage":true`)
}

// body is the request's body on its way out. It holds the client's buffer until
// the transport closes it, which may be long after the answer.
type body struct {
	jsonscan.Reader
	held   *llm.Buffer
	closed atomic.Bool
}

func newBody(req *llm.Request, p jsonscan.Patch) *body {
	b := &body{held: req.Body}
	b.Reset(req.Doc.Raw, p)
	if b.held != nil {
		b.held.Retain()
	}
	return b
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.closed.CompareAndSwap(false, true) {
		b.held.Release()
	}
	return nil
}

// mostPlaces bounds the parsed addresses that are remembered.
const mostPlaces = 4096

// places remembers parsed addresses: parsing one costs more than looking it up.
type places struct {
	base  string
	mu    sync.RWMutex
	known map[place]*url.URL
}

type place struct {
	base string
	kind llm.Kind
}

func (p *places) find(base string, kind llm.Kind) (*url.URL, error) {
	key := place{base, kind}
	p.mu.RLock()
	u := p.known[key]
	p.mu.RUnlock()
	if u != nil {
		return u, nil
	}
	u, err := p.parse(base, paths[kind])
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= mostPlaces {
		p.known = map[place]*url.URL{}
	}
	p.known[key] = u
	return u, nil
}

func (p *places) parse(base, end string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" {
		return nil, &dcoder.Error{
			Status: http.StatusBadGateway, Code: "provider_misconfigured", NoRetry: true,
			Message: "the base URL of the provider's credential is not an http(s) address",
		}
	}
	path := strings.TrimRight(u.Path, "/")
	if path == "" {
		path = p.base
	}
	u.Path, u.RawPath = path+end, ""
	return u, nil
}
