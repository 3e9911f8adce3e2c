// Package openai speaks OpenAI's HTTP API: chat completions, completions,
// Responses and embeddings, whole and streamed. Where the client speaks the same
// protocol, bytes are forwarded as they come, both ways: rewritten are the model's
// name and the wish for usage in a stream; read on the side are usage, errors and
// how much content came. Calls of other protocols are translated by package wire.
//
// Dialects that speak the same with other words build on it with a Flavour.
package openai

import (
	"context"
	"mime"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
)

// Flavour is how a provider differs from OpenAI.
type Flavour struct {
	// AsksUsage says that usage comes in a stream only when stream_options asks
	// for it; the gateway then asks, and keeps what it alone asked for.
	AsksUsage bool
	// BasePath is put behind a base URL that has no path, e.g. "/v1".
	BasePath string

	// Native is the protocol of its chat completions; nil: OpenAI's.
	Native canonical.Protocol
	// Ability says what its models can do; nil: nothing is known of any.
	Ability func(c *llm.Candidate) canonical.Ability
	// Rewrite says what of a chat request must change; nil: nothing.
	Rewrite func(req *llm.Request, c *llm.Candidate) Rewrite
	// Responses says that it has the Responses API.
	Responses bool
	// NoEmbeddings says that it makes none.
	NoEmbeddings bool
	// Reasoning says that reasoning comes as "reasoning", which clients know as
	// reasoning_content.
	Reasoning bool
}

// Dialect implements llm.Dialect.
type Dialect struct {
	doer    llm.Doer
	flavour Flavour
	places  places
	lacking lacking

	toChat, toResponses *wire.Provider // for what is not forwarded
}

// New returns OpenAI's own dialect.
func New(d llm.Doer) *Dialect {
	return NewFlavour(d, Flavour{AsksUsage: true, BasePath: "/v1", Ability: ability, Responses: true})
}

// NewFlavour returns a dialect that differs from OpenAI's by f.
func NewFlavour(d llm.Doer, f Flavour) *Dialect {
	out := &Dialect{doer: d, flavour: f, places: places{base: f.BasePath}}
	out.toChat = out.translator(f.native(), llm.Chat)
	out.toResponses = out.translator(responses.Protocol, llm.Response)
	return out
}

// Complete implements llm.Dialect.
func (d *Dialect) Complete(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	translate, rewrite, err := d.way(req, c)
	if err != nil {
		return nil, err
	}
	if translate != nil {
		return translate.Complete(ctx, d.doer, req, c)
	}
	out, err := d.request(ctx, req, c, rewrite)
	if err != nil {
		return nil, err
	}
	resp, err := d.doer.Do(out)
	if err != nil {
		return nil, wire.Unreachable(ctx, err)
	}
	if resp.StatusCode == http.StatusNotFound && req.Kind == llm.Response {
		return d.answerLacking(ctx, req, c, resp)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(ctx, resp, c.Grant.Secret)
	}
	if !req.Stream {
		return d.whole(ctx, req, resp)
	}
	if !isStream(resp.Header) {
		_ = resp.Body.Close()
		return nil, wire.Garbage("the provider answered a stream with something else")
	}
	return d.stream(ctx, req, c, resp)
}

func isStream(h http.Header) bool {
	v := h["Content-Type"]
	if len(v) == 1 && v[0] == "text/event-stream" {
		return true
	}
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media == "text/event-stream"
}
