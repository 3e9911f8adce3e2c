package wire

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// NewPatched builds a POST of the client's own body as p changes it, for clients
// that speak the provider's protocol: the body is not copied.
func NewPatched(ctx context.Context, req *llm.Request, at *url.URL, p jsonscan.Patch, stream bool) *http.Request {
	out := NewRequest(ctx, req, at, nil, stream)
	out.ContentLength = int64(p.Len(req.Doc.Raw))
	out.Body = newBody(req, p)
	out.GetBody = func() (io.ReadCloser, error) { return newBody(req, p), nil }
	return out
}

// body is the request's body on its way out. It holds the client's buffer until
// the transport closes it, which may be long after the answer.
type body struct {
	jsonscan.Reader
	held   *llm.Buffer
	closed atomic.Bool
}

func newBody(req *llm.Request, p jsonscan.Patch) *body {
	b := &body{held: req.Body}
	b.Reset(req.Doc.Raw, p)
	if b.held != nil {
		b.held.Retain()
	}
	return b
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.closed.CompareAndSwap(false, true) {
		b.held.Release()
	}
	return nil
}
