// Package providers is the visible list of dialects: a new provider is a folder
// under dialect and one line here.
package providers

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/anthropic"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/groq"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/openai"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/vertex"
	"github.com/d-coder-ai/dcoder/shared/llm/fetch"
)

// All returns every dialect by its name, over one upstream client. web is the
// client for addresses that callers name (pictures by URL): one that dials no
// private network, whatever d may; without one no such file is fetched.
func All(d llm.Doer, web ...llm.Doer) map[string]llm.Dialect {
	files := &fetch.Files{}
	if len(web) > 0 {
		files.Client = web[0]
	}
	return map[string]llm.Dialect{
		"openai":    openai.New(d),
		"groq":      groq.New(d),
		"anthropic": anthropic.New(d),
		"google":    google.New(d, files),
		"vertex":    vertex.New(d, files),
	}
}

// Probes returns what builds the request that tests a credential. Errors as
// llm.Dialect's; a dialect that is not known is one.
func Probes(d llm.Doer) func(context.Context, dcoder.ProviderGrant) (*http.Request, error) {
	all := All(d)
	return func(ctx context.Context, g dcoder.ProviderGrant) (*http.Request, error) {
		p, ok := all[g.Dialect].(llm.Prober)
		if !ok {
			return nil, dcoder.Invalid("dialect", "credentials of the dialect %s cannot be tested", g.Dialect)
		}
		return p.Probe(ctx, &g)
	}
}

// Names lists the dialects, as provider credentials may name them.
func Names() []string { return []string{"anthropic", "google", "groq", "openai", "vertex"} }
