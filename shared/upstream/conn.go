package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Sizes, bytes.
const (
	readBuffer = 8 << 10
	maxHead    = 256 << 10
)

// errDead marks a failure before any byte of an answer: a kept connection that
// the other side had closed looks like that.
var errDead = errors.New("the connection was closed before an answer")

// conn is one connection; one exchange at a time.
type conn struct {
	lean  *Lean
	to    host
	raw   net.Conn
	in    *bufio.Reader
	head  int    // bytes that an answer's head may still take; -1 in the body
	got   int    // bytes of the answer
	abort func() // makes every call on the connection return at once
	used  bool
	since time.Time // idle since
	until time.Time // read deadline
}

func newConn(l *Lean, to host, raw net.Conn) *conn {
	c := &conn{lean: l, to: to, raw: raw, abort: func() { _ = raw.Close() }}
	c.in = bufio.NewReaderSize(c, readBuffer)
	return c
}

// Read reads from the connection for c.in, within the limit of a head.
func (c *conn) Read(p []byte) (int, error) {
	if c.head >= 0 {
		if c.head == 0 {
			return 0, fmt.Errorf("the answer's head is larger than %d bytes", maxHead)
		}
		p = p[:min(len(p), c.head)]
	} else if err := c.patience(idleStream); err != nil {
		return 0, err
	}
	n, err := c.raw.Read(p)
	c.got += n
	if c.head >= 0 {
		c.head -= n
	}
	return n, err
}

// patience moves the read deadline on, now and then.
func (c *conn) patience(d time.Duration) error {
	now := time.Now()
	if c.until.Sub(now) > d/2 && c.until.Sub(now) <= d {
		return nil
	}
	c.until = now.Add(d)
	return c.raw.SetReadDeadline(c.until)
}

// exchange sends r and reads the head of its answer. It closes r's body, and the
// connection on any error.
func (c *conn) exchange(ctx context.Context, r *http.Request) (*http.Response, error) {
	c.got, c.head = 0, maxHead
	stop := context.AfterFunc(ctx, c.abort)
	a, err := c.roundTrip(r)
	if err != nil {
		stop()
		_ = c.raw.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	c.used, c.head = true, -1
	a.body.conn, a.body.ctx, a.body.stop, a.body.keep = c, ctx, stop, !a.Close
	a.Body = &a.body
	if a.body.left == 0 {
		a.body.end(true)
	}
	return &a.Response, nil
}

func (c *conn) roundTrip(r *http.Request) (*reply, error) {
	if err := c.patience(c.lean.options.HeaderTimeout); err != nil {
		return nil, errors.Join(errDead, err)
	}
	written := c.send(r)
	if written != nil { // it may have answered before it hung up
		_ = c.raw.SetReadDeadline(time.Now().Add(time.Second))
		c.until = time.Time{}
	}
	a, err := c.readHead(r)
	for err == nil && a.StatusCode/100 == 1 && a.StatusCode != http.StatusSwitchingProtocols {
		a, err = c.readHead(r)
	}
	switch {
	case err == nil && written != nil:
		a.Close = true
	case err != nil && c.got == 0:
		return nil, fmt.Errorf("%w: %w", errDead, errors.Join(written, err))
	case err != nil:
		return nil, fmt.Errorf("read the answer's head: %w", errors.Join(written, err))
	}
	return a, nil
}

// quiet reports whether the other side neither closed the idle connection nor
// said anything.
func (c *conn) quiet() bool { return c.in.Buffered() == 0 && silent(c.raw) }

// answer is an answer's body: at its end the connection is kept.
type answer struct {
	conn *conn
	ctx  context.Context //nolint:containedctx // of the request whose answer this is
	stop func() bool
	rest io.ReadCloser // nil: left counts the bytes that are to come
	left int64
	keep bool
	over bool
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	if a.over {
		return 0, io.EOF
	}
	n, err := a.read(p)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, io.EOF) && a.ctx.Err() != nil {
		err = a.ctx.Err()
	}
	a.end(errors.Is(err, io.EOF))
	return n, err
}

func (a *answer) read(p []byte) (int, error) {
	if a.rest != nil {
		return a.rest.Read(p)
	}
	n, err := a.conn.in.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	if a.left == 0 {
		return n, io.EOF
	}
	return n, noEOF(err)
}

// Close implements io.Closer. An answer that was not read to its end takes its
// connection with it: that is how the provider learns that nobody listens.
func (a *answer) Close() error {
	if !a.over {
		a.end(false)
	}
	return nil
}

func (a *answer) end(whole bool) {
	a.over = true
	alive := a.stop() // false: the context's end has closed the connection
	if whole && a.keep && alive && a.conn.in.Buffered() == 0 {
		a.conn.lean.pool.put(a.conn)
		return
	}
	_ = a.conn.raw.Close()
}
