package openai

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Probe implements llm.Prober: the list of models.
func (d *Dialect) Probe(ctx context.Context, g *dcoder.ProviderGrant) (*http.Request, error) {
	at, err := d.places.parse(g.BaseURL, "/models")
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+g.Secret)
	}
	return r, err
}
