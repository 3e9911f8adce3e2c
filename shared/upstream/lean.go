package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Lean is an upstream client that does with one goroutine what net/http's
// transport does with three: the caller writes the request and reads the answer
// itself, over HTTP/1.1 with connections that are kept. It fits calls that are
// one POST and one answer, and nothing else: no proxies, no upgrades, no
// trailers, no expectations. It is safe for concurrent use.
type Lean struct {
	options Options
	dialer  *net.Dialer
	pool    pool
}

// idleStream is how long an answer may be silent, once it has begun.
const idleStream = 10 * time.Minute

// NewLean returns a client. It dials nothing yet.
func NewLean(o Options) *Lean {
	o.DialTimeout, o.TLSTimeout = or(o.DialTimeout, 5*time.Second), or(o.TLSTimeout, 10*time.Second)
	o.HeaderTimeout, o.IdleTimeout = or(o.HeaderTimeout, 10*time.Minute), or(o.IdleTimeout, 90*time.Second)
	if o.IdlePerHost == 0 {
		o.IdlePerHost = 512
	}
	l := &Lean{options: o, dialer: &net.Dialer{Timeout: o.DialTimeout, KeepAlive: 30 * time.Second, ControlContext: guard(o.Allow), Resolver: o.Resolver}}
	l.pool.most, l.pool.patience = o.IdlePerHost, o.IdleTimeout
	l.options.TLS = leanTLS(o.TLS)
	return l
}

// leanTLS speaks HTTP/1.1 only and resumes sessions.
func leanTLS(base *tls.Config) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if base != nil {
		c = base.Clone()
	}
	c.NextProtos = []string{"http/1.1"}
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(64)
	}
	return c
}

// Do sends one request and returns the answer's head; the body is the caller's
// to close, and to read to its end if the connection is to be used again. A
// request whose kept connection turns out to be dead before any byte of an
// answer is sent once more on a new one, when its body can be had again.
func (l *Lean) Do(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	c, err := l.connection(ctx, r, true)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	resp, err := c.exchange(ctx, r)
	if err == nil || !c.used || !errors.Is(err, errDead) || r.GetBody == nil || ctx.Err() != nil {
		return resp, err
	}
	again := *r
	if again.Body, err = r.GetBody(); err != nil {
		return nil, fmt.Errorf("send the body again: %w", err)
	}
	if c, err = l.connection(ctx, r, false); err != nil {
		closeBody(&again)
		return nil, err
	}
	return c.exchange(ctx, &again)
}

// Close drops the connections that nobody uses.
func (l *Lean) Close() { l.pool.drop() }

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// connection returns a kept connection, or a new one.
func (l *Lean) connection(ctx context.Context, r *http.Request, kept bool) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	to := host{secure: r.URL.Scheme == "https", name: r.URL.Host}
	if kept {
		if c := l.pool.get(to); c != nil {
			return c, nil
		}
	}
	raw, err := l.dial(ctx, to, r.URL.Hostname(), r.URL.Port())
	if err != nil {
		return nil, err
	}
	return newConn(l, to, raw), nil
}

func (l *Lean) dial(ctx context.Context, to host, name, port string) (net.Conn, error) {
	if port == "" {
		port = "80"
		if to.secure {
			port = "443"
		}
	}
	raw, err := l.dialer.DialContext(ctx, "tcp", net.JoinHostPort(name, port))
	if err != nil || !to.secure {
		return raw, err
	}
	config := l.options.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName = name
	}
	secure := tls.Client(raw, config)
	ctx, cancel := context.WithTimeout(ctx, l.options.TLSTimeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("TLS with %s: %w", name, err)
	}
	return secure, nil
}
