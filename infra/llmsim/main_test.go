package llmsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(int) { http.DefaultClient.CloseIdleConnections() }),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// sim starts a simulator of the test's own.
func sim(t testing.TB, cfg llmsim.Config) (*llmsim.Server, string) {
	t.Helper()
	s := llmsim.New(cfg)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL
}

// send posts a body with the key "test-key".
func send(t testing.TB, url, body string) *http.Response {
	t.Helper()
	return sendContext(t, t.Context(), url, body)
}

func sendContext(t testing.TB, ctx context.Context, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer test-key")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func readAll(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func control(t testing.TB, url string, v any) *http.Response {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	res, err := http.Post(url, "application/json", bytes.NewReader(b))
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// settled waits until n requests have ended and returns them.
func settled(t testing.TB, s *llmsim.Server, n int) []llmsim.Seen {
	t.Helper()
	var seen []llmsim.Seen
	require.Eventually(t, func() bool {
		seen = s.Requests(0)
		if len(seen) != n {
			return false
		}
		for _, r := range seen {
			if r.State == llmsim.StateRunning {
				return false
			}
		}
		return true
	}, 10*time.Second, 2*time.Millisecond)
	return seen
}
