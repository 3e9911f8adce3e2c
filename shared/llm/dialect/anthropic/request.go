package anthropic

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

var apiVersion = []string{version}

// translated builds the request of a body that package messages wrote.
func (a *Dialect) translated(ctx context.Context, req *llm.Request, c *llm.Candidate, body []byte, stream bool) (*http.Request, error) {
	if a.flavour.BodyVersion != "" {
		var doc jsonscan.Doc
		if err := modelField.Scan(body, jsonscan.Limits{}, &doc); err != nil {
			return nil, dcoder.Internal(err)
		}
		p := a.patch(&doc, c, "")
		body = p.AppendTo(make([]byte, 0, p.Len(body)), body)
	}
	at, err := a.flavour.Address(c, stream)
	if err != nil {
		return nil, err
	}
	out := wire.NewRequest(ctx, req, at, body, stream)
	return out, a.head(ctx, req, c, out.Header)
}

var modelField = jsonscan.NewNames("model")

// head writes the headers that are Anthropic's.
func (a *Dialect) head(ctx context.Context, req *llm.Request, c *llm.Candidate, h http.Header) error {
	if a.flavour.BodyVersion == "" {
		h["Anthropic-Version"] = apiVersion
	}
	if req.Beta != "" && (req.Kind == llm.Message || req.Kind == llm.Count) {
		if list := passes(req); list != "" {
			h["Anthropic-Beta"] = []string{list}
		}
	}
	return a.flavour.Authorize(ctx, c, h)
}

// patch names the candidate's model, or the version where the model has no place
// in the body; asked is the name that stands there.
func (a *Dialect) patch(doc *jsonscan.Doc, c *llm.Candidate, asked string) (p jsonscan.Patch) {
	v := doc.Fields[llm.FieldModel]
	switch {
	case a.flavour.BodyVersion != "":
		v.Start = memberStart(doc, v)
		p.Replace(v, `"anthropic_version":`+quote(a.flavour.BodyVersion))
	case asked != c.Model:
		p.Replace(v, quote(c.Model))
	}
	return p
}

// memberStart returns the offset of the name of the member whose value is v.
func memberStart(doc *jsonscan.Doc, v jsonscan.Value) int {
	at := v.Start - 1
	for doc.Raw[at] != '"' { // the name's closing quote
		at--
	}
	for at--; doc.Raw[at] != '"'; at-- { // "model" may be escaped, a quote in it cannot be
	}
	return at
}

// quote writes a name as JSON.
func quote(name string) string {
	b, _ := json.Marshal(name) // a string always encodes
	return string(b)
}

// mostPlaces bounds the parsed addresses that are remembered.
const mostPlaces = 4096

// places remembers parsed addresses: parsing one costs more than looking it up.
type places struct {
	mu    sync.RWMutex
	known map[place]*url.URL
}

type place struct{ base, path string }

func (p *places) find(base, path string) (*url.URL, error) {
	key := place{base, path}
	p.mu.RLock()
	u := p.known[key]
	p.mu.RUnlock()
	if u != nil {
		return u, nil
	}
	u, err := parse(base, path)
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

func parse(base, path string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" {
		return nil, &dcoder.Error{
			Status: http.StatusBadGateway, Code: "provider_misconfigured", NoRetry: true,
			Message: "the base URL of the provider's credential is not an http(s) address",
		}
	}
	root := strings.TrimRight(u.Path, "/")
	if root == "" {
		root = "/v1"
	}
	u.Path, u.RawPath = root+path, ""
	return u, nil
}
