// Package upstream is the way out to model providers: an HTTP client that holds
// its connections, never follows a redirect, never decodes an answer, and dials
// no address that is not public unless it was allowed.
//
// It knows nothing of models, retries and credentials.
package upstream

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Options are what may be decided; zero values take their defaults.
type Options struct {
	Allow []netip.Prefix // networks that may be dialled although they are not public

	DialTimeout   time.Duration // default 5 s
	TLSTimeout    time.Duration // default 10 s
	HeaderTimeout time.Duration // from the request's last byte to the answer's head; default 10 min: models think
	IdleTimeout   time.Duration // of a connection that nobody uses; default 90 s
	IdlePerHost   int           // default 512
	TLS           *tls.Config   // nil: the system's roots
	Resolver      *net.Resolver // nil: the system's
}

// Client is an upstream client on net/http. It speaks HTTP/2 where TLS offers
// it. It is safe for concurrent use.
type Client struct{ transport *http.Transport }

// New returns a client. It dials nothing yet.
func New(o Options) *Client {
	d := &net.Dialer{Timeout: or(o.DialTimeout, 5*time.Second), KeepAlive: 30 * time.Second, ControlContext: guard(o.Allow), Resolver: o.Resolver}
	idle := o.IdlePerHost
	if idle == 0 {
		idle = 512
	}
	return &Client{&http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        o.TLS,
		TLSHandshakeTimeout:    or(o.TLSTimeout, 10*time.Second),
		ResponseHeaderTimeout:  or(o.HeaderTimeout, 10*time.Minute),
		IdleConnTimeout:        or(o.IdleTimeout, 90*time.Second),
		MaxIdleConnsPerHost:    idle,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 256 << 10,
	}}
}

// Do sends one request and returns the answer's head; the body is the caller's
// to close. An answer that redirects is an answer like any other.
func (c *Client) Do(r *http.Request) (*http.Response, error) { return c.transport.RoundTrip(r) }

// Close drops the connections that nobody uses.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
