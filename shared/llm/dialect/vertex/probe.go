package vertex

import (
	"context"
	"net/http"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// probed is the model that is asked when the credential names none of Google's.
const probed = "gemini-2.5-flash"

const oneWord = `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`

// Probe implements llm.Prober: the count of a word's tokens, which costs nothing
// and needs the same permission in the same project and location as a call. The
// token is a new one, so that a key file which was revoked shows.
func (v *Dialect) Probe(ctx context.Context, g *dcoder.ProviderGrant) (*http.Request, error) {
	c := llm.Candidate{Model: probed, Grant: *g}
	for _, m := range g.Models {
		if strings.HasPrefix(m, "gemini-") && !strings.Contains(m, "embedding") {
			c.Model = m
			break
		}
	}
	at, err := address(&c, "google", "countTokens")
	if err != nil {
		return nil, err
	}
	token, err := newTokens(v.doer).of(ctx, g.Secret)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), strings.NewReader(oneWord))
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header["Content-Type"] = []string{"application/json"}
	}
	return r, err
}
