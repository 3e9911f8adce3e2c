package anthropic

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// forward serves a client that speaks the provider's protocol: rewritten is the
// model's name, read on the side are usage, errors and how much content came.
func (a *Dialect) forward(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	at, err := a.flavour.Address(c, req.Stream)
	if err != nil {
		return nil, wire.Refused(err)
	}
	resp, err := a.post(ctx, req, c, wire.NewPatched(ctx, req, at, a.patch(&req.Doc, c, req.Model), req.Stream))
	if err != nil {
		return nil, err
	}
	if !req.Stream {
		return a.whole(ctx, req, resp)
	}
	if !wire.IsStream(resp.Header) {
		_ = resp.Body.Close()
		return nil, wire.Garbage("the provider answered a stream with something else")
	}
	return newStream(ctx, c, resp, a.flavour.Visible(resp.Header))
}

// post sends a request and returns an answer of status 200.
func (a *Dialect) post(ctx context.Context, req *llm.Request, c *llm.Candidate, out *http.Request) (*http.Response, error) {
	req.Dropped = nil
	if err := a.head(ctx, req, c, out.Header); err != nil {
		_ = out.Body.Close()
		return nil, wire.Refused(err)
	}
	resp, err := a.doer.Do(out)
	if err != nil {
		return nil, wire.Unreachable(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, wire.Refusal(ctx, resp, c.Grant.Secret, messages.Protocol.ReadError, wire.Classify, a.flavour.Visible)
	}
	return resp, nil
}

// Positions in a scanned answer or event.
const (
	fieldType = iota
	fieldUsage
	fieldError
	fieldMessage
	fieldDelta
	fieldBlock
)

var answerFields = jsonscan.NewNames("type", "usage", "error", "message", "delta", "content_block")

// whole reads a whole answer; it is checked before the client sees a byte.
func (a *Dialect) whole(ctx context.Context, req *llm.Request, resp *http.Response) (*llm.Reply, error) {
	body, err := wire.ReadAll(resp)
	if err != nil {
		return nil, wire.Broken(ctx, err)
	}
	var doc jsonscan.Doc
	if err := answerFields.Scan(body.B, jsonscan.Limits{}, &doc); err != nil {
		body.Release()
		return nil, wire.Garbage("the provider's answer is not JSON")
	}
	var u usage
	u.read(&doc, doc.Fields[fieldUsage])
	t := u.tokens()
	if !u.said {
		t.Input, t.Output = token.Estimate(req.Text), token.Estimate(token.Text{ASCII: doc.Text.ASCII, Multi: doc.Text.Multi})
	}
	return &llm.Reply{
		Status: http.StatusOK, Header: a.flavour.Visible(resp.Header), Body: body, Usage: llm.Usage{Tokens: t, Reported: u.said, ServiceTier: u.tier},
	}, nil
}
