package lambda

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// ending is the body of an answer on its way to Lambda. At its end, and before the
// end is told, it settles what the invocation left; an answer that broke off ends
// with an error, which travels in trailers, rather than like a whole one.
type ending struct {
	body   io.Reader
	over   chan struct{} // closed when the handler has returned
	broken bool          // written before over is closed
	after  func()
	cancel context.CancelFunc
	once   sync.Once
}

var errBroken = errors.New("the answer broke off")

// Read implements io.Reader.
func (e *ending) Read(p []byte) (int, error) {
	n, err := e.body.Read(p)
	if errors.Is(err, io.EOF) {
		e.end()
		if e.broken {
			return n, errBroken
		}
	}
	return n, err
}

// Close implements io.Closer: Lambda took no more, so the handler is told.
func (e *ending) Close() error {
	if c, ok := e.body.(io.Closer); ok {
		_ = c.Close() // a pipe: never fails
	}
	e.cancel()
	e.end()
	return nil
}

func (e *ending) end() {
	<-e.over
	e.once.Do(e.after)
}

// mended gives the host a writer that does what net/http's does: it flushes, its
// header may be changed after it was sent, and a panic does not end the process.
type mended struct {
	host http.Handler
	end  *ending
}

// ServeHTTP implements http.Handler.
func (m mended) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &writer{inner: w, header: http.Header{}}
	defer close(m.end.over)
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p != any(http.ErrAbortHandler) {
			slog.ErrorContext(r.Context(), "panic outside the chain", "panic", p, "stack", string(debug.Stack()))
		}
		if out.sent {
			m.end.broken = true
			return
		}
		clear(out.header)
		out.header.Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusInternalServerError)
		_, _ = out.Write(function.ErrorBody(function.EnvelopeDcoder, dcoder.Internal(nil), ""))
	}()
	m.host.ServeHTTP(out, r)
}

// writer sends each Write at once, as lambdaurl does.
type writer struct {
	inner  http.ResponseWriter
	header http.Header
	sent   bool
}

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter. Lambda knows no informational answers.
func (w *writer) WriteHeader(status int) {
	if w.sent || status < http.StatusOK {
		return
	}
	w.sent = true
	maps.Copy(w.inner.Header(), w.header)
	w.inner.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if len(p) == 0 {
		return 0, nil
	}
	return w.inner.Write(p)
}

// FlushError is what http.ResponseController looks for.
func (w *writer) FlushError() error {
	w.WriteHeader(http.StatusOK)
	return nil
}
