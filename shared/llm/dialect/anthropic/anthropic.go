// Package anthropic speaks Anthropic's HTTP API: messages, whole and streamed,
// and the counting of their tokens. A client that speaks it too gets the bytes as
// they come, both ways; for all others package wire translates.
//
// Claude on other clouds speaks the same bodies under other addresses and
// credentials: such a dialect builds on this one with a Flavour.
package anthropic

import (
	"context"
	"net/http"
	"net/url"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
)

// version is the API's version, which every request names.
const version = "2023-06-01"

// Flavour is how a cloud that serves Claude differs from Anthropic.
type Flavour struct {
	// Address is where a call of a candidate goes.
	Address func(c *llm.Candidate, stream bool) (*url.URL, error)

	// Authorize puts the credential of c into the headers of a request. Errors are
	// *llm.Failure or *dcoder.Error.
	Authorize func(ctx context.Context, c *llm.Candidate, h http.Header) error

	// BodyVersion stands as "anthropic_version" in the body, where the model is
	// named by the address instead; "" names model and version as Anthropic does.
	BodyVersion string

	// CountAddress is where tokens are counted; nil: nowhere, they are estimated.
	CountAddress func(c *llm.Candidate) (*url.URL, error)

	// Visible picks what of the cloud's headers the client may see; nil: Visible of
	// this package.
	Visible func(h http.Header) http.Header
}

// Dialect implements llm.Dialect.
type Dialect struct {
	doer     llm.Doer
	flavour  Flavour
	provider *wire.Provider
}

// New returns Anthropic's own dialect.
func New(d llm.Doer) *Dialect {
	at := &places{}
	return NewFlavour(d, Flavour{
		Address:      func(c *llm.Candidate, _ bool) (*url.URL, error) { return at.find(c.Grant.BaseURL, "/messages") },
		CountAddress: func(c *llm.Candidate) (*url.URL, error) { return at.find(c.Grant.BaseURL, "/messages/count_tokens") },
		Authorize: func(_ context.Context, c *llm.Candidate, h http.Header) error {
			h["X-Api-Key"] = []string{c.Grant.Secret}
			return nil
		},
	})
}

// NewFlavour returns a dialect that differs from Anthropic's by f.
func NewFlavour(d llm.Doer, f Flavour) *Dialect {
	if f.Visible == nil {
		f.Visible = Visible
	}
	a := &Dialect{doer: d, flavour: f}
	a.provider = &wire.Provider{
		Native:   messages.Protocol,
		Ability:  func(c *llm.Candidate) canonical.Ability { return Ability(c.Model) },
		Request:  a.translated,
		Classify: wire.Classify,
		Visible:  f.Visible,
		Gathers: func(r *canonical.Request, o *canonical.Options) bool {
			if r.MaxTokens != nil {
				return *r.MaxTokens > longAnswer
			}
			return o.Ability.OutputMax > longAnswer || o.Ability.OutputMax == 0
		},
	}
	return a
}

// longAnswer is the max_tokens above which Anthropic asks that an answer be
// streamed, since it may take longer than ten minutes (its SDKs refuse it else).
const longAnswer = 21_333

// Complete implements llm.Dialect. A long answer that the client wants whole is
// streamed by the provider and put together here, whoever asks.
func (a *Dialect) Complete(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	if req.Kind != llm.Message || !req.Stream && req.MaxTokens > longAnswer && req.Inbound != nil {
		return a.provider.Complete(ctx, a.doer, req, c)
	}
	return a.forward(ctx, req, c)
}
