package llm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Open reads a call in OpenAI's shape from an HTTP request, whose context
// carries the principal; snap is the snapshot behind it. Close the request when
// the answer is written.
func Open(r *http.Request, kind Kind, snap *dcoder.Snapshot) (*Request, error) {
	ctx := r.Context()
	p := dcoder.PrincipalOf(ctx)
	if snap == nil || p == nil {
		return nil, dcoder.Forbidden("key_required", "models are called with a virtual key")
	}
	req := &Request{
		ID: dcoder.NewID(), RequestID: dcoder.RequestIDOf(ctx), Route: r.URL.Path, Kind: kind, Begun: time.Now(),
		Principal: p, Snapshot: snap, Beta: betaOf(r, kind),
	}
	req.cache.control = readCacheControl(r.Header)
	var err error
	if req.compression, err = readCompression(r.Header); err != nil {
		return nil, err
	}
	if err := req.bring(r.Header); err != nil {
		return nil, err
	}
	if under := dcoder.RequestOf(ctx); under != nil {
		req.TraceParent, req.under = under.Trace.Child().String(), under
	}
	if asked := r.Header[dcoder.HeaderCostEstimate]; len(asked) == 1 && asked[0] == "true" {
		req.WantsEstimate = true
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	req.Body = body
	if err := req.Parse(body.B); err != nil {
		req.Close()
		return nil, err
	}
	return req, nil
}

// betaOf returns what of Anthropic's betas the client of a Message asks for.
func betaOf(r *http.Request, kind Kind) string {
	if kind != Message && kind != Count {
		return ""
	}
	return strings.Join(r.Header["Anthropic-Beta"], ",")
}

// Close gives the request's body back.
func (r *Request) Close() {
	r.Body.Release()
	r.asSent.Release()
	r.Body, r.asSent = nil, nil
}

// readBody reads the client's body to its end, so that the server can notice a
// client that leaves.
func readBody(r *http.Request) (*Buffer, error) {
	size := 4 << 10
	if r.ContentLength >= 0 {
		size = int(min(r.ContentLength, 1<<20))
	}
	b := NewBuffer(size + 1)
	for {
		if len(b.B) == cap(b.B) {
			b.B = append(b.B, 0)[:len(b.B)]
		}
		n, err := r.Body.Read(b.B[len(b.B):cap(b.B)])
		b.B = b.B[:len(b.B)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			b.Release()
			return nil, err
		}
	}
}

var jsonType = []string{"application/json"}

// WriteHead writes the headers that every answer to a call has.
func (r *Request) WriteHead(h, provider http.Header) {
	for name, values := range provider {
		h[name] = values
	}
	r.Verdict.SetRoom(h)
	if r.Degraded {
		h.Set(dcoder.HeaderDegraded, "ledger")
	}
	if r.WantsEstimate {
		r.writeEstimate(h)
	}
	r.cache.writeHead(h)
	r.compression.writeHead(h)
	if len(r.Dropped) > 0 {
		h.Set(dcoder.HeaderDropped, strings.Join(r.Dropped, ", "))
	}
}

// WriteFailure writes the headers of the provider that go with an error answer,
// and returns the error as it is to be answered.
func (r *Request) WriteFailure(h http.Header, err error) error {
	var f *Failure
	if errors.As(err, &f) {
		r.WriteHead(h, f.Header)
		return f.Public
	}
	r.WriteHead(h, nil)
	return err
}

// Answer runs a call whose answer comes whole, and writes it.
func Answer(ctx context.Context, m Model, req *Request, w http.ResponseWriter) error {
	rep, err := m.Complete(ctx, req)
	if err != nil {
		return req.WriteFailure(w.Header(), err)
	}
	done := false
	defer func() {
		if !done {
			rep.Close(errClientGone) // the writer panicked
		}
	}()
	h := w.Header()
	req.WriteHead(h, rep.Header)
	length := [1]string{strconv.Itoa(len(rep.Body.B))}
	h["Content-Type"], h["Content-Length"] = jsonType, length[:]
	w.WriteHeader(rep.Status)
	_, err = w.Write(rep.Body.B)
	if err == nil {
		err = http.NewResponseController(w).Flush() // the client first, the books then
	}
	done = true
	rep.Close(err)
	return nil
}
