package blackbox

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// TestStreamsArriveEventByEvent: the second event is sent only when the first
// was read at the far end, so a gateway that waits for more would hang.
func TestStreamsArriveEventByEvent(t *testing.T) {
	s := start(t)
	next := make(chan struct{})
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})
	for _, path := range []string{completions, "/v1/messages", "/v1/responses"} {
		r, err := http.Post(s.proxy+path, "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		lines := bufio.NewScanner(r.Body)
		for i := range 3 {
			require.True(t, lines.Scan(), "%s: event %d", path, i)
			require.Equal(t, fmt.Sprintf("data: %d", i), lines.Text())
			require.True(t, lines.Scan())
			next <- struct{}{}
		}
		require.False(t, lines.Scan())
		require.NoError(t, r.Body.Close())
	}
}

func TestABrokenAnswerIsNotTakenForAWholeOne(t *testing.T) {
	s := start(t)
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	r, err := http.Post(s.proxy+completions, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	_, err = io.ReadAll(r.Body)
	require.Error(t, err)
	_ = r.Body.Close()
}

func TestHangingUpReachesTheFunction(t *testing.T) {
	s := start(t)
	gone := make(chan struct{})
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, ": ping\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.proxy+completions, strings.NewReader("{}"))
	require.NoError(t, err)
	answer, err := client.Do(r)
	require.NoError(t, err)
	cancel()
	_ = answer.Body.Close()
	select {
	case <-gone:
	case <-time.After(patience):
		require.Fail(t, "the function still works for nobody")
	}
}

func TestPackedAnswersStayPacked(t *testing.T) {
	s := start(t)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Asked", r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "text")
		_ = z.Close()
	})
	answer, raw := s.ask("GET", "/v1/models", nil, "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", answer.Header.Get("Content-Encoding"))
	require.True(t, strings.HasPrefix(raw, "\x1f\x8b"))
	answer, _ = s.ask("GET", "/v1/models", nil)
	require.Empty(t, answer.Header.Get("X-Asked"), "nobody asked for it")
}

// TestACallIsNeverSentTwice: what was sent may have been done, and paid.
func TestACallIsNeverSentTwice(t *testing.T) {
	s := start(t)
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = c.Close()
		}
	})
	answer, said := s.ask("POST", completions, strings.NewReader("{}"), "X-Request-Id", "mine")
	require.Equal(t, http.StatusBadGateway, answer.StatusCode)
	require.Contains(t, said, `"message":"An invalid response was received from the upstream server"`)
	require.Equal(t, "mine", answer.Header.Get("X-Request-Id"))
	require.Equal(t, 1, s.calls())
}

func TestASilentFunctionTimesOut(t *testing.T) {
	s := start(t, func(c *declarative.Config) {
		for i := range c.Services {
			c.Services[i].ReadTimeout = new(300)
		}
	})
	s.answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	answer, said := s.ask("POST", completions, strings.NewReader("{}"))
	require.Equal(t, http.StatusGatewayTimeout, answer.StatusCode)
	require.Contains(t, said, "The upstream server is timing out")
	require.Equal(t, 1, s.calls())
}

// TestTheTimeoutIsBetweenReads: a stream may take longer than it as a whole.
func TestTheTimeoutIsBetweenReads(t *testing.T) {
	s := start(t, func(c *declarative.Config) {
		for i := range c.Services {
			c.Services[i].ReadTimeout = new(4000)
		}
	})
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		for range 14 {
			_, _ = io.WriteString(w, ": ping\n\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(350 * time.Millisecond) // the pause is the case
		}
	})
	r, err := http.Post(s.proxy+completions, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	_ = r.Body.Close()
	require.Equal(t, 14, strings.Count(string(raw), "ping"))
}

func TestAFunctionThatIsAwayIsA50x(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	s := start(t, func(c *declarative.Config) {
		for i := range c.Services {
			c.Services[i].URL = nobody
		}
	})
	answer, said := s.ask("GET", "/v1/models", nil)
	require.Contains(t, []int{502, 503}, answer.StatusCode)
	require.Contains(t, said, `"message":`)
	require.NotContains(t, said, hostOf(t, nobody), "addresses of the inside stay inside")
}

func TestMethodsAreTheFunctionsBusiness(t *testing.T) {
	s := start(t)
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
	})
	for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} {
		answer, _ := s.ask(method, completions, nil)
		require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, method)
		require.Equal(t, "POST", answer.Header.Get("Allow"))
	}
}
