package upstream_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/upstream"
	"github.com/d-coder-ai/dcoder/shared/upstream/upstreamtest"
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func lean(t *testing.T, o upstream.Options) *upstream.Lean {
	t.Helper()
	c := upstream.NewLean(o)
	t.Cleanup(c.Close)
	return c
}

func TestLean(t *testing.T) {
	upstreamtest.Run(t, func(t *testing.T, allow ...netip.Prefix) upstreamtest.Doer {
		return lean(t, upstream.Options{Allow: allow})
	})
}

func post(t *testing.T, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	return r
}

func exchange(t *testing.T, d upstreamtest.Doer, r *http.Request) string {
	t.Helper()
	resp, err := d.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(body)
}

func TestLeanSpeaksTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.Proto) }))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c := lean(t, upstream.Options{Allow: []netip.Prefix{loopback}, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}})
	for range 3 {
		require.Equal(t, "HTTP/1.1", exchange(t, c, post(t, s.URL, "{}")))
	}
	_, err := lean(t, upstream.Options{Allow: []netip.Prefix{loopback}}).Do(post(t, s.URL, "{}"))
	require.ErrorContains(t, err, "certificate")
}

// TestLeanSendsAgainOnADeadConnection: the server closes every connection behind
// its answer without having said so.
func TestLeanSendsAgainOnADeadConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			}
			_ = c.Close()
		}
	}()
	c := lean(t, upstream.Options{Allow: []netip.Prefix{loopback}})
	for range 20 {
		require.Equal(t, "ok", exchange(t, c, post(t, "http://"+l.Addr().String(), "{}")))
	}
}

func TestLeanSkipsInterimAnswers(t *testing.T) {
	c := lean(t, upstream.Options{Allow: []netip.Prefix{loopback}})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "done")
	}))
	t.Cleanup(s.Close)
	require.Equal(t, "done", exchange(t, c, post(t, s.URL, "{}")))
}

func TestLeanTakesNoSplitHead(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }))
	t.Cleanup(s.Close)
	c := lean(t, upstream.Options{Allow: []netip.Prefix{loopback}})
	for _, bad := range []string{"a\r\nX-Evil: 1", "a\nb", "a\x00"} {
		r := post(t, s.URL, "{}")
		r.Header["X-Test"] = []string{bad}
		_, err := c.Do(r)
		require.Error(t, err)
	}
}

func TestLeanBoundsTheHead(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 512<<10))
	}))
	t.Cleanup(s.Close)
	c := lean(t, upstream.Options{Allow: []netip.Prefix{loopback}})
	_, err := c.Do(post(t, s.URL, "{}"))
	require.ErrorContains(t, err, "larger than")
}

func TestLeanGivesUpOnASilentServer(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stop) })
	c := lean(t, upstream.Options{Allow: []netip.Prefix{loopback}, HeaderTimeout: 50 * time.Millisecond})
	_, err := c.Do(post(t, s.URL, "{}"))
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
}

func BenchmarkDoers(b *testing.B) {
	answer := strings.Repeat("x", 600)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, answer)
	}))
	b.Cleanup(s.Close)
	o := upstream.Options{Allow: []netip.Prefix{loopback}}
	for name, d := range map[string]upstreamtest.Doer{"net/http": upstream.New(o), "lean": upstream.NewLean(o)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL, strings.NewReader(answer))
				resp, err := d.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
