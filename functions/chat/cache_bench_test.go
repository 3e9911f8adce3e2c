package chat_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// BenchmarkExactHit is a kept answer at the client, over HTTP and with the real
// ledger: p50 and p99 beside 1 ms and 3 ms.
func BenchmarkExactHit(b *testing.B) {
	bench := serveCached(b, llmtest.Options{})
	for name, stream := range map[string]bool{"whole": false, "stream": true} {
		b.Run(name, func(b *testing.B) {
			ask := func() string {
				resp, err := post(b, bench.URL, asking("gpt-4o-mini", stream, ""))
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				return resp.Header.Get("X-Cache")
			}
			require.Eventually(b, func() bool { return ask() == "hit-exact" }, waiting, tick)
			var took []time.Duration
			for b.Loop() {
				begun := time.Now()
				if ask() != "hit-exact" {
					b.Fatal("no hit")
				}
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "us-p50")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "us-p99")
		})
	}
}

func post(t testing.TB, url, body string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer dck_test")
	r.Header.Set("Content-Type", "application/json")
	return http.DefaultClient.Do(r)
}
