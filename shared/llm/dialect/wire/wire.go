// Package wire serves a call of any inbound protocol by a provider of another:
// the client's request becomes canonical, is written as the provider's, sent, and
// the answer, whole or streamed, comes back the same way. It knows no provider:
// each dialect hands in a Provider. Where client and provider speak the same
// protocol a dialect forwards bytes and does not come here.
package wire

import (
	"context"
	"mime"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// Provider is what is special about one provider. Build it once.
type Provider struct {
	Native canonical.Protocol

	// Ability says what a model can do; nil: nothing is known of any.
	Ability func(c *llm.Candidate) canonical.Ability

	// Prepare may replace parts of r, a copy of what the client asks, before it is
	// written: files that are named by URL where the provider fetches none. Slices
	// and what they point to belong to the client's request and must not be changed;
	// nil: nothing to prepare.
	Prepare func(ctx context.Context, r *canonical.Request, c *llm.Candidate) error

	// Request builds the HTTP request of body, which is in Native and must not be
	// changed. NewRequest helps.
	Request func(ctx context.Context, req *llm.Request, c *llm.Candidate, body []byte, stream bool) (*http.Request, error)

	// Classify says what an error answer means, given what its body says; nil:
	// Classify of this package. The candidate's secret is out of p already.
	Classify func(status int, h http.Header, p canonical.Problem) *llm.Failure

	// Visible picks, and renames, the provider's headers that the client may see;
	// nil: none. It may return nil.
	Visible func(h http.Header) http.Header

	// Gathers says that a whole answer to r is fetched as a stream and put
	// together here, for answers that take longer than a connection may be silent;
	// nil: never.
	Gathers func(r *canonical.Request, o *canonical.Options) bool

	// DefaultMaxTokens is Options.DefaultMaxTokens.
	DefaultMaxTokens int64
}

// exchange is one call on its way out and back.
type exchange struct {
	*Provider
	ctx    context.Context //nolint:containedctx // of the call
	doer   llm.Doer
	req    *llm.Request
	c      *llm.Candidate
	asked  *canonical.Request // what the client asks, as the writers of answers see it
	stream bool               // of the provider
}

// Complete implements llm.Dialect's promise for p: errors are *llm.Failure, or
// the context's. req.Dropped is filled in.
func (p *Provider) Complete(ctx context.Context, doer llm.Doer, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	x := &exchange{Provider: p, ctx: ctx, doer: doer, req: req, c: c}
	body, err := x.write()
	if err != nil {
		return nil, Refused(err)
	}
	resp, err := x.send(body) //nolint:bodyclose // each of the three below does
	if err != nil {
		return nil, err
	}
	switch {
	case req.Stream:
		return x.streamed(resp)
	case x.stream:
		return x.gathered(resp)
	default:
		return x.whole(resp)
	}
}

// write translates the request; errors are 400 and name the field.
func (x *exchange) write() ([]byte, error) {
	asked, err := x.req.Canonical()
	if err != nil {
		return nil, err
	}
	r := *asked // what is read once for all tries stays as it is
	r.Stream, r.InputEstimate = x.req.Stream, token.Estimate(x.req.Text)
	o := &canonical.Options{
		Model: x.c.Model, DefaultMaxTokens: x.DefaultMaxTokens, DropUnsupported: x.req.Snapshot.Tenant.Params == "drop",
	}
	if x.Ability != nil {
		o.Ability = x.Ability(x.c)
	}
	x.asked, x.stream = &r, r.Stream || x.Gathers != nil && x.Gathers(&r, o)
	out := r
	if out.Stream = x.stream; x.stream {
		yes := true
		out.UsageInStream = &yes // the gateway counts what every stream uses
	}
	if x.Prepare != nil {
		if err := x.Prepare(x.ctx, &out, x.c); err != nil {
			return nil, err
		}
	}
	body, err := x.Native.WriteRequest(&out, o)
	x.req.Dropped = o.Dropped
	return body, err
}

// send returns an answer of status 200 and of the right type.
func (x *exchange) send(body []byte) (*http.Response, error) {
	out, err := x.Request(x.ctx, x.req, x.c, body, x.stream)
	if err != nil {
		return nil, Refused(err)
	}
	resp, err := x.doer.Do(out)
	if err != nil {
		return nil, Unreachable(x.ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, x.refusal(resp)
	}
	if x.stream && !IsStream(resp.Header) {
		_ = resp.Body.Close()
		return nil, Garbage("the provider answered a stream with something else")
	}
	return resp, nil
}

func (x *exchange) visible(h http.Header) http.Header {
	if x.Visible == nil {
		return nil
	}
	return x.Visible(h)
}

// IsStream reports whether an answer is a stream of events.
func IsStream(h http.Header) bool {
	if v := h["Content-Type"]; len(v) == 1 && v[0] == "text/event-stream" {
		return true
	}
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media == "text/event-stream"
}
