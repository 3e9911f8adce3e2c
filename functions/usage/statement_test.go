package usage_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// statement asks as an administrator of the tenant.
func (b *bench) statement(tenant, path string) (status int, header http.Header, body string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, http.NoBody)
	require.NoError(b.t, err)
	r.Header.Set("Authorization", "Bearer "+tenant+"/tenant_admin")
	res, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return res.StatusCode, res.Header, string(raw)
}

// billed is a small month: three people, one of whom would like to be a formula,
// a refused call, and calls a second around the month's borders in Berlin.
func billed(tenant string) []dcoder.UsageRecord {
	rows := records(tenant, 8)
	for i := range rows {
		rows[i].Time = time.Date(2026, 3, 10, 12, 0, i, 0, time.UTC)
	}
	rows[1].User, rows[1].ModelServed = "=HYPERLINK(\"http://x\")", `a "quoted", name`
	rows[2].User, rows[2].Group, rows[2].PriceVersion = "@ann", "", "contract-1"
	rows[3].PriceVersion, rows[3].Tokens = "contract-1", dcoder.Tokens{Input: 100, CachedInput: 40, CacheWrite5m: 3, CacheWrite1h: 4, AudioInput: 5, CachedAudio: 2, Output: 9, Reasoning: 7, ImageOutput: 1, WebSearches: 2}
	rows[3].Cost, rows[3].ServiceTier = 1_234_567, "flex"
	rows[4].State, rows[4].Status = dcoder.UsageRefused, 429
	rows[5].Time = time.Date(2026, 2, 28, 22, 59, 59, 0, time.UTC) // February in Berlin
	rows[6].Time = time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)   // midnight of March
	rows[7].Time = time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)   // summer time: midnight of April
	return rows
}

func TestStatements(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenantFrom(dcoder.Onboarding{Name: "Berlin", TimeZone: "Europe/Berlin", Currency: "EUR"})
	require.NoError(t, b.store.Write(t.Context(), tenant, billed(tenant)))
	status, header, text := b.statement(tenant, "/v1/usage/statements/2026-03?format=csv")
	require.Equal(t, 200, status, text)
	assert.Equal(t, "text/csv; charset=utf-8; header=present", header.Get("Content-Type"))
	golden(t, "testdata/statement.csv", text)
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 4)
	_, _, again := b.statement(tenant, "/v1/usage/statements/2026-03?format=csv")
	assert.Equal(t, text, again, "the same rows, the same bytes")

	_, _, text = b.statement(tenant, "/v1/usage/statements/2026-03")
	golden(t, "testdata/statement.json", strings.ReplaceAll(text, tenant, "TENANT"))
	var s struct {
		Lines []struct {
			By   map[string]string
			Cost int64
		}
		Total []struct{ Requests, Cost int64 }
	}
	_, _, text = b.statement(tenant, "/v1/usage/statements/2026-03?by=key")
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	require.Len(t, s.Lines, 1)
	assert.EqualValues(t, 5, s.Total[0].Requests)
	assert.EqualValues(t, 1_234_567+4*100, s.Total[0].Cost)

	var months struct{ Items []struct{ Month string } }
	_, _, text = b.statement(tenant, "/v1/usage/statements")
	require.NoError(t, json.Unmarshal([]byte(text), &months))
	require.Len(t, months.Items, 3)
	assert.Equal(t, "2026-04", months.Items[0].Month)
	status, _, text = b.statement(tenant, "/v1/usage/statements/2020-01")
	assert.Equal(t, 200, status)
	assert.Contains(t, text, `"lines":[]`)
}

func TestStatementsThatCannotBe(t *testing.T) {
	b := newBench(t)
	tenant := b.NewTenant()
	for path, want := range map[string]int{
		"/v1/usage/statements/2026-13": 400, "/v1/usage/statements/March": 400, "/v1/usage/statements/2026-03?format=pdf": 400,
		"/v1/usage/statements/2026-03?by=group,group": 400, "/v1/usage/statements/2026-03?by=key%20--": 400,
	} {
		status, _, body := b.statement(tenant, path)
		assert.Equal(t, want, status, "%s: %s", path, body)
	}
	status, _, _ := b.statement(dcoder.PlatformTenant, "/v1/usage/statements/2026-03")
	assert.Equal(t, 400, status)
}

// golden compares with a checked-in file; UPDATE_GOLDEN writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o600))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
