// Package upstreamtest is what every upstream client promises, as one suite.
package upstreamtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Doer is what is tested.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Run runs the suite; open returns a new client that may dial the networks.
func Run(t *testing.T, open func(t *testing.T, allow ...netip.Prefix) Doer) {
	local := netip.MustParsePrefix("127.0.0.0/8")
	for name, f := range map[string]func(*testing.T, Doer){
		"bodies go and come whole":             bodies,
		"redirects are answers":                redirects,
		"nothing is decoded":                   compression,
		"a stream comes as it is sent":         stream,
		"a cancelled request is felt":          cancelled,
		"connections are used again":           reuse,
		"a body is closed once, on errors too": closesBody,
		"a cut answer is an error":             cut,
		"an early answer is one":               early,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t, local)) })
	}
	t.Run("addresses inside are refused", func(t *testing.T) { refuses(t, open(t)) })
}

func post(ctx context.Context, t *testing.T, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	return r
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func bodies(t *testing.T, d Doer) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Length", r.Header.Get("Content-Length"))
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(body)
	})
	for _, size := range []int{0, 1, 4095, 4096, 4097, 1 << 20} {
		body := strings.Repeat("x", size)
		resp, err := d.Do(post(t.Context(), t, url, body))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Len(t, got, len(body))
		require.Zero(t, strings.Compare(body, string(got)), "%d bytes came back otherwise", size)
		require.Equal(t, http.StatusTeapot, resp.StatusCode)
	}
}

func redirects(t *testing.T, d Doer) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	resp, err := d.Do(post(t.Context(), t, url, "{}"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusTemporaryRedirect, resp.StatusCode)
}

func compression(t *testing.T, d Doer) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Accept-Encoding"))
	})
	resp, err := d.Do(post(t.Context(), t, url, "{}"))
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Empty(t, string(got))
}

func stream(t *testing.T, d Doer) {
	next := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "data: x\n\n")
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})
	resp, err := d.Do(post(t.Context(), t, url, "{}"))
	require.NoError(t, err)
	defer resp.Body.Close()
	buf := make([]byte, 9)
	for range 3 {
		_, err := io.ReadFull(resp.Body, buf)
		require.NoError(t, err)
		next <- struct{}{}
	}
	_, err = resp.Body.Read(buf)
	require.Equal(t, io.EOF, err)
}

func cancelled(t *testing.T, d Doer) {
	for _, phase := range []string{"before the head", "in the body"} {
		t.Run(phase, func(t *testing.T) {
			begun, felt := make(chan struct{}), make(chan struct{})
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if phase == "in the body" {
					_ = http.NewResponseController(w).Flush()
				}
				close(begun)
				<-r.Context().Done()
				close(felt)
			})
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-begun; cancel() }()
			resp, err := d.Do(post(ctx, t, url, "{}"))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			require.ErrorIs(t, err, context.Canceled)
			select {
			case <-felt:
			case <-time.After(10 * time.Second):
				t.Fatal("the provider works on")
			}
		})
	}
}

func reuse(t *testing.T, d Doer) {
	var mu sync.Mutex
	seen := map[string]bool{}
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.RemoteAddr] = true
	})
	for range 20 {
		resp, err := d.Do(post(t.Context(), t, url, "{}"))
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
	}
	require.LessOrEqual(t, len(seen), 2)
}

type closing struct {
	io.Reader
	once   sync.Once
	closed chan struct{}
}

func (c *closing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func closesBody(t *testing.T, d Doer) {
	for _, url := range []string{serve(t, func(http.ResponseWriter, *http.Request) {}), "http://127.0.0.1:1"} {
		body := &closing{Reader: strings.NewReader("{}"), closed: make(chan struct{})}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
		require.NoError(t, err)
		r.ContentLength = 2
		if resp, err := d.Do(r); err == nil {
			require.NoError(t, resp.Body.Close())
		}
		select {
		case <-body.closed:
		case <-time.After(10 * time.Second):
			t.Fatal("the body is never closed")
		}
	}
}

func cut(t *testing.T, d Doer) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	resp, err := d.Do(post(t.Context(), t, url, "{}"))
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	require.Error(t, err)
}

func early(t *testing.T, d Doer) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	resp, err := d.Do(post(t.Context(), t, url, strings.Repeat("x", 8<<20)))
	if err != nil { // the server may reset before its answer is read: an error, never a hang
		return
	}
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
}

func refuses(t *testing.T, d Doer) {
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was reached") })
	port := url[strings.LastIndex(url, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "2130706433", "127.1", "169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		answer, err := d.Do(post(ctx, t, "http://"+host+port, "{}"))
		if err == nil {
			_ = answer.Body.Close()
		}
		cancel()
		require.Error(t, err, host)
		var e *dcoder.Error
		if errors.As(err, &e) {
			require.Equal(t, "egress_refused", e.Code)
			require.NotContains(t, e.Message, "127.")
		}
	}
}
