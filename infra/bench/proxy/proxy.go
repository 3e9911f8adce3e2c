// Package proxy is the baseline of the overhead benchmark: the standard
// library's reverse proxy, set up as well as it can be, and nothing else.
package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"sync"
	"time"
)

// Serve proxies everything that arrives on l to upstream (host:port).
func Serve(l net.Listener, upstream string) error {
	target := &url.URL{Scheme: "http", Host: upstream}
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = target.Host
		},
		Transport: &http.Transport{
			MaxIdleConns:        0, // no bound
			MaxIdleConnsPerHost: 1024,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true,
		},
		BufferPool: &buffers{},
	}
	s := &http.Server{Handler: duplex(p), ReadHeaderTimeout: 10 * time.Second}
	if err := s.Serve(l); err != nil {
		return fmt.Errorf("serve the reverse proxy: %w", err)
	}
	return nil
}

// PathMallocs answers how many objects the process has allocated.
const PathMallocs = "/debug/mallocs"

// duplex lets an answer begin while the request body is still open. Without it
// an upstream that answers at once wins a race: the server closes the body while
// the transport looks for its end, and the transport drops the connection in the
// middle of the answer.
func duplex(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == PathMallocs {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			_, _ = fmt.Fprint(w, m.Mallocs)
			return
		}
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1 always can
		h.ServeHTTP(w, r)
	})
}

// buffers lends the copy buffers that ReverseProxy allocates for each answer
// when it has no pool.
type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
