package double

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// proxy sends the request on and the answer back.
func (x *exchange) proxy(c *candidate) {
	if declarative.Or(x.route.RequestBuffering, true) && !x.buffer() {
		return
	}
	p := &httputil.ReverseProxy{
		Transport: x.route.service.transport,
		Rewrite:   func(p *httputil.ProxyRequest) { x.rewrite(c, p) },
		ModifyResponse: func(r *http.Response) error {
			x.waited = x.gateway.options.Now().Sub(x.began)
			x.headers(r.Header)
			return nil
		},
		ErrorLog:     slog.NewLogLogger(x.gateway.options.Log.Handler(), slog.LevelDebug),
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { x.failed(err) },
	}
	if !declarative.Or(x.route.ResponseBuffering, true) {
		p.FlushInterval = -1
	}
	p.ServeHTTP(x.w, x.r)
}

const mostBuffered = 256 << 20

// buffer takes the whole body before the service is called, as nginx does; the
// service then sees its length.
func (x *exchange) buffer() bool {
	if x.r.Body == nil || x.r.Body == http.NoBody || x.r.Header.Get("Upgrade") != "" {
		return true
	}
	raw, err := io.ReadAll(io.LimitReader(x.r.Body, mostBuffered+1))
	if err != nil || len(raw) > mostBuffered {
		x.refuse(http.StatusBadRequest, "the body could not be read")
		x.reply()
		return false
	}
	x.replaceBody(raw)
	return true
}

func (x *exchange) replaceBody(raw []byte) {
	x.r.Body, x.r.ContentLength, x.r.TransferEncoding = io.NopCloser(bytes.NewReader(raw)), int64(len(raw)), nil
}

// rewrite makes the service's request: its address, the path as the route says,
// and what Kong tells of the client. The query stays byte for byte.
func (x *exchange) rewrite(c *candidate, p *httputil.ProxyRequest) {
	s, out := x.route.service, p.Out
	out.URL.Scheme, out.URL.Host = s.url.Scheme, s.url.Host
	path := x.path
	if declarative.Or(x.route.StripPath, true) {
		path = strip(c, path)
	}
	setPath(out.URL, strings.TrimSuffix(s.url.EscapedPath(), "/")+path)
	out.URL.RawQuery, out.URL.ForceQuery = x.r.URL.RawQuery, x.r.URL.ForceQuery
	if out.Host = x.r.Host; !declarative.Or(x.route.PreserveHost, false) {
		out.Host = hostHeader(s.url)
	}
	out.Header.Del("Expect") // answered here
	x.forwarded(out.Header)
}

func hostHeader(u *url.URL) string {
	if u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443" {
		return u.Hostname()
	}
	return u.Host
}

func strip(c *candidate, path string) string {
	matched := c.path
	if c.expression != nil {
		matched = c.expression.FindString(path)
	}
	rest := strings.TrimPrefix(path, matched)
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest
}

func setPath(u *url.URL, escaped string) {
	if plain, err := url.PathUnescape(escaped); err == nil {
		u.Path, u.RawPath = plain, escaped
		return
	}
	u.Path, u.RawPath = escaped, ""
}

// forwarded tells the service of the client. What a client says of itself is
// kept only in the chain of X-Forwarded-For: no address is trusted.
func (x *exchange) forwarded(h http.Header) {
	chain := append(x.r.Header.Values("X-Forwarded-For"), x.address)
	h.Set("X-Forwarded-For", strings.Join(chain, ", "))
	h.Set("X-Real-IP", x.address)
	h.Set("X-Forwarded-Proto", protocolOf(x.r))
	h.Set("X-Forwarded-Host", hostOf(x.r.Host))
	h.Set("X-Forwarded-Path", x.r.URL.EscapedPath())
	if local, ok := x.r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		_, port, _ := net.SplitHostPort(local.String())
		h.Set("X-Forwarded-Port", port)
	}
}

// failed answers for a service that did not.
func (x *exchange) failed(err error) {
	var timeout net.Error
	var unknown *net.DNSError
	switch {
	case x.gone():
		x.status = 499 // nginx's number for it; nobody reads it
		return
	case errors.As(err, &unknown):
		x.refuse(http.StatusServiceUnavailable, "name resolution failed")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		x.refuse(http.StatusGatewayTimeout, "The upstream server is timing out")
	default:
		x.refuse(http.StatusBadGateway, "An invalid response was received from the upstream server")
	}
	x.gateway.options.Log.DebugContext(x.r.Context(), "the service did not answer", "service", x.route.service.name, "error", err)
	x.reply()
}

// transport calls one service. Connecting is tried again; a request that was sent
// is not: it may have been done.
func (g *Gateway) transport(connect, read, write time.Duration, retries int) *http.Transport {
	dialer := &net.Dialer{Timeout: connect}
	return &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			for left := retries; ; left-- {
				c, err := dialer.DialContext(ctx, network, g.options.Resolve(address))
				if err == nil {
					return &timed{Conn: c, read: read, write: write}, nil
				}
				if left == 0 || ctx.Err() != nil {
					return nil, err
				}
			}
		},
	}
}

// timed bounds each read and each write.
type timed struct {
	net.Conn
	read, write time.Duration
}

// Read implements net.Conn.
func (c *timed) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.read)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write implements net.Conn.
func (c *timed) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.write)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
