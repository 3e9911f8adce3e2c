package google

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Probe implements llm.Prober: the list of models.
func (d *Dialect) Probe(ctx context.Context, g *dcoder.ProviderGrant) (*http.Request, error) {
	at, err := root(g.BaseURL, basePath)
	if err != nil {
		return nil, err
	}
	at.Path += "/models"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err == nil {
		r.Header.Set("X-Goog-Api-Key", g.Secret)
	}
	return r, err
}
