package function

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// bodyTimeout bounds how long a client may take to send the next step of a body.
var bodyTimeout = 30 * time.Second

// restTimeout is how long a client may go on sending what nobody reads.
const restTimeout = time.Second

// step is what a client must send within bodyTimeout, and by how much a body of
// undeclared length asks the gate for room, bytes.
const step = 64 << 10

// bodyUnread is the MaxBody of a route that leaves the body alone.
const bodyUnread = -1

// body is a request's body under the route's limit and under the gate's.
type body struct {
	exchange *exchange
	in       io.ReadCloser
	declared int64 // -1: unknown
	left     int64 // bytes that the route still allows
	read     int64
	held     int64 // bytes of the gate
	timed    bool  // a read deadline is set
	renew    int64 // bytes read at which it is set anew
	err      error // the first one: it stays
}

// Read implements io.Reader. Its errors are io.EOF or a *dcoder.Error.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	b.deadline()
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one byte more tells "too large" from "just fits"
	}
	n, err := b.in.Read(p)
	b.left -= int64(n)
	b.read += int64(n)
	switch {
	case b.left < 0:
		b.err = tooLarge(b.exchange.endpoint.route.MaxBody)
	case errors.Is(err, io.EOF):
		b.err = io.EOF
	case err != nil:
		b.err = unreadable(err)
	default:
		b.err = b.grow()
	}
	if errors.Is(b.err, io.EOF) && b.timed {
		_ = http.NewResponseController(b.exchange.ResponseWriter).SetReadDeadline(time.Time{})
	}
	if b.err != nil && !errors.Is(b.err, io.EOF) {
		return 0, b.err
	}
	return n, b.err
}

// Close implements io.Closer.
func (b *body) Close() error { return b.in.Close() }

// deadline gives the client time for the next step. It is no ReadTimeout of the
// server, which would stop the server from noticing that a stream's client left.
func (b *body) deadline() {
	if b.read < b.renew {
		return
	}
	b.renew = b.read + step
	b.timed = http.NewResponseController(b.exchange.ResponseWriter).SetReadDeadline(time.Now().Add(bodyTimeout)) == nil
}

// abandon bounds the server's own reading of a body that nobody read to its end:
// it would wait for the rest of it before it answers.
func (b *body) abandon() {
	if b.in != nil && b.in != http.NoBody && !errors.Is(b.err, io.EOF) {
		_ = http.NewResponseController(b.exchange.ResponseWriter).SetReadDeadline(time.Now().Add(restTimeout))
	}
}

func (b *body) grow() error {
	gate := b.exchange.endpoint.host.wiring.Gate
	if gate == nil || b.declared >= 0 || b.read <= b.held {
		return nil
	}
	more := max(step, b.read-b.held)
	if err := gate.Grow(more); err != nil {
		return err
	}
	b.held += more
	return nil
}

func tooLarge(limit int64) *dcoder.Error {
	return &dcoder.Error{
		Status: http.StatusRequestEntityTooLarge, Code: "request_too_large", Field: "body",
		Message: "the body is larger than this route allows", Details: map[string]any{"limitBytes": limit},
	}
}

func unreadable(err error) *dcoder.Error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &dcoder.Error{
			Status: http.StatusRequestTimeout, Code: "request_timeout", Field: "body",
			Message: "the body took too long to arrive", Cause: err,
		}
	}
	return &dcoder.Error{
		Status: http.StatusBadRequest, Code: "invalid_request", Field: "body",
		Message: "the body could not be read to its end", Cause: err,
	}
}
