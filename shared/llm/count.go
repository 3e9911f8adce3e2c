package llm

import (
	"context"
	"net/http"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// Counter is a Dialect whose provider counts the tokens of a request in the
// Messages shape.
type Counter interface {
	// Count returns the provider's answer, {"input_tokens": n}, and says in
	// X-Dcoder-Token-Count whose count it is; nil and no error when this provider
	// does not count. Errors as Dialect.Complete.
	Count(ctx context.Context, req *Request, c *Candidate) (*Reply, error)
}

// count asks the provider, or estimates where there is nobody to ask.
func count(ctx context.Context, req *Request, c *Candidate) (*Reply, error) {
	if d, ok := c.Dialect.(Counter); ok {
		if rep, err := d.Count(ctx, req, c); rep != nil || err != nil {
			return rep, err
		}
	}
	b := NewBuffer(64)
	b.B = append(strconv.AppendInt(append(b.B, `{"input_tokens":`...), token.Estimate(req.Text), 10), '}')
	return &Reply{
		Status: http.StatusOK, Header: http.Header{dcoder.HeaderTokenCount: {"estimate"}}, Body: b, Usage: Usage{Reported: true},
	}, nil
}
