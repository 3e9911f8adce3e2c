package anthropic

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

// Count implements llm.Counter: the provider's own count of a request's tokens.
func (a *Dialect) Count(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	if a.flavour.CountAddress == nil {
		return nil, nil //nolint:nilnil // nowhere to ask: llm.Counter says so
	}
	at, err := a.flavour.CountAddress(c)
	if err != nil {
		return nil, wire.Refused(err)
	}
	resp, err := a.post(ctx, req, c, wire.NewPatched(ctx, req, at, a.patch(&req.Doc, c, req.Model), false)) //nolint:bodyclose // ReadAll does
	if err != nil {
		return nil, err
	}
	body, err := wire.ReadAll(resp)
	if err != nil {
		return nil, wire.Broken(ctx, err)
	}
	var doc jsonscan.Doc
	if err := countFields.Scan(body.B, jsonscan.Limits{}, &doc); err != nil || doc.Fields[0].Kind != jsonscan.Number {
		body.Release()
		return nil, wire.Garbage("the provider's count of tokens cannot be read")
	}
	h := a.flavour.Visible(resp.Header)
	if h == nil {
		h = http.Header{}
	}
	h.Set(dcoder.HeaderTokenCount, "provider")
	return &llm.Reply{Status: http.StatusOK, Header: h, Body: body, Usage: llm.Usage{Reported: true}}, nil
}

var countFields = jsonscan.NewNames("input_tokens")
