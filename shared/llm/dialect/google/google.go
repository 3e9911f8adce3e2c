// Package google speaks Google's AI Studio (generativelanguage.googleapis.com):
// generateContent and its stream for calls of any inbound protocol, and
// batchEmbedContents for embeddings. Clients never speak Google's own protocol to
// the gateway, so every call is translated.
//
// What Vertex AI has in common with it is exported for package vertex.
package google

import (
	"context"
	"net/http"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/llm/fetch"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
)

// basePath is put behind a base URL that has no path.
const basePath = "/v1beta"

// Dialect implements llm.Dialect.
type Dialect struct {
	doer       llm.Doer
	provider   *wire.Provider
	embeddings *Embeddings
}

// New returns AI Studio's dialect; files fetches what requests name by URL, nil
// for nothing.
func New(d llm.Doer, files *fetch.Files) *Dialect {
	if files == nil {
		files = &fetch.Files{}
	}
	return &Dialect{
		doer: d,
		provider: &wire.Provider{
			Native:  generate.Protocol,
			Ability: func(c *llm.Candidate) canonical.Ability { return Studio(c.Model) },
			Prepare: func(ctx context.Context, r *canonical.Request, _ *llm.Candidate) error {
				return files.Inline(ctx, r, kept)
			},
			Request: request, Classify: Classify, Visible: Visible,
		},
		embeddings: &Embeddings{Doer: d, Plan: plan},
	}
}

// kept are the addresses that AI Studio follows: its own file store.
func kept(address string) bool {
	return strings.HasPrefix(address, "https://generativelanguage.googleapis.com/")
}

// Complete implements llm.Dialect.
func (d *Dialect) Complete(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	if req.Kind == llm.Embedding {
		return d.embeddings.Complete(ctx, req, c)
	}
	return d.provider.Complete(ctx, d.doer, req, c)
}

// request builds the provider's request.
func request(ctx context.Context, req *llm.Request, c *llm.Candidate, body []byte, stream bool) (*http.Request, error) {
	method, query := "generateContent", ""
	if stream {
		method, query = "streamGenerateContent", "alt=sse"
	}
	at, err := Address(c, basePath, "models", method)
	if err != nil {
		return nil, err
	}
	at.RawQuery = query
	out := wire.NewRequest(ctx, req, at, body, stream)
	out.Header["X-Goog-Api-Key"] = []string{c.Grant.Secret}
	return out, nil
}
