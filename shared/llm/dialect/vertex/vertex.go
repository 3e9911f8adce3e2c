// Package vertex speaks Google's Vertex AI: Gemini by generateContent, Claude by
// Anthropic's messages under rawPredict, and embeddings. It differs from AI Studio
// (package google, on which it builds) by its addresses, by what it refuses, and
// by its credential: a service account's key file, for which it gets access
// tokens itself, or an access token that somebody else keeps fresh.
//
// The credential's base URL says project and location:
// https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}
package vertex

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/anthropic"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/llm/fetch"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
)

// inProject is the end of a base URL, and what stands behind it.
var inProject = regexp.MustCompile(`/v1(beta1)?/projects/[A-Za-z0-9:._-]+/locations/[a-z0-9-]+/publishers/`)

// Dialect implements llm.Dialect.
type Dialect struct {
	doer       llm.Doer
	tokens     *tokens
	gemini     *wire.Provider
	anthropic  *anthropic.Dialect
	embeddings *google.Embeddings
}

// New returns Vertex AI's dialect; files fetches what requests name by URL, nil
// for nothing.
func New(d llm.Doer, files *fetch.Files) *Dialect {
	if files == nil {
		files = &fetch.Files{}
	}
	v := &Dialect{doer: d, tokens: newTokens(d)}
	v.gemini = &wire.Provider{
		Native:  generate.Protocol,
		Ability: func(c *llm.Candidate) canonical.Ability { return google.Vertex(c.Model) },
		Prepare: func(ctx context.Context, r *canonical.Request, _ *llm.Candidate) error {
			return files.Inline(ctx, r, nil)
		},
		Request: v.generate, Classify: google.Classify, Visible: google.Visible,
	}
	v.anthropic = v.claude()
	v.embeddings = &google.Embeddings{Doer: d, Plan: v.plan}
	return v
}

// Complete implements llm.Dialect. A token that is refused is forgotten, so that
// the next call gets another one.
func (v *Dialect) Complete(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	rep, err := v.complete(ctx, req, c)
	var f *llm.Failure
	if errors.As(err, &f) && f.Public.Code == "provider_credential_refused" {
		v.tokens.forget(c.Grant.Secret)
	}
	return rep, err
}

func (v *Dialect) complete(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	switch {
	case req.Kind == llm.Embedding && strings.HasPrefix(c.Model, "claude-"):
		return nil, wire.Refused(dcoder.Invalid("model", "the model %s makes no embeddings", c.Model))
	case req.Kind == llm.Embedding:
		return v.embeddings.Complete(ctx, req, c)
	case strings.HasPrefix(c.Model, "claude-"):
		return v.anthropic.Complete(ctx, req, c)
	}
	return v.gemini.Complete(ctx, v.doer, req, c)
}

// generate builds the request of a Gemini model.
func (v *Dialect) generate(ctx context.Context, req *llm.Request, c *llm.Candidate, body []byte, stream bool) (*http.Request, error) {
	method, query := "generateContent", ""
	if stream {
		method, query = "streamGenerateContent", "alt=sse"
	}
	out, err := v.request(ctx, req, c, "google", method, body, stream)
	if err != nil {
		return nil, err
	}
	out.URL.RawQuery = query
	return out, nil
}

// request builds a request for a method of a publisher's model, with a token.
func (v *Dialect) request(ctx context.Context, req *llm.Request, c *llm.Candidate, publisher, method string, body []byte, stream bool) (*http.Request, error) {
	at, err := address(c, publisher, method)
	if err != nil {
		return nil, err
	}
	token, err := v.tokens.of(ctx, c.Grant.Secret)
	if err != nil {
		return nil, err
	}
	out := wire.NewRequest(ctx, req, at, body, stream)
	out.Header["Authorization"] = []string{"Bearer " + token}
	return out, nil
}
