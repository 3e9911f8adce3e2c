package stories

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// BenchmarkANewTenant prints, through the platform's own routes, the time from
// POST /v1/tenants to the end of the tenant's first completion.
func BenchmarkANewTenant(b *testing.B) {
	p := start(b)
	var whole, made []time.Duration
	for b.Loop() {
		began := time.Now()
		admin, _, _ := p.newTenant("Bench")
		made = append(made, time.Since(began))
		require.Equal(b, http.StatusOK, asks(admin, ""))
		whole = append(whole, time.Since(began))
	}
	b.ReportMetric(median(made), "ms/tenant")
	b.ReportMetric(median(whole), "ms/first-completion")
}

// BenchmarkAUsageRow prints how long after the end of an answer its row is seen
// at GET /v1/usage, one call at a time.
func BenchmarkAUsageRow(b *testing.B) {
	p := start(b)
	admin, _, _ := p.newTenant("Bench")
	require.Equal(b, http.StatusOK, asks(admin, ""))
	var seen []time.Duration
	for b.Loop() {
		id := dcoder.NewID()
		require.Equal(b, http.StatusOK, asks(admin, id))
		ended := time.Now()
		for !slices.ContainsFunc(admin.newest(), func(r row) bool { return r.RequestID == id }) {
			require.Less(b, time.Since(ended), patience)
		}
		seen = append(seen, time.Since(ended))
	}
	b.ReportMetric(median(seen), "ms/p50")
	b.ReportMetric(ms(seen[len(seen)*99/100]), "ms/p99")
}

func asks(c *caller, id string) int {
	status, _ := c.raw("POST", "/v1/chat/completions", map[string]any{
		"model": model, "messages": []any{map[string]any{"role": "user", "content": "Say hello."}},
	}, dcoder.HeaderRequestID, id)
	return status
}

// newest is the first page of the rows.
func (c *caller) newest() []row {
	var page struct {
		Items []row `json:"items"`
	}
	c.call("GET", "/v1/usage?view=rows&limit=5", nil, &page)
	return page.Items
}

// median sorts d.
func median(d []time.Duration) float64 {
	slices.Sort(d)
	return ms(d[len(d)/2])
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
