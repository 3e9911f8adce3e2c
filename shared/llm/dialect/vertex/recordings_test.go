package vertex_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
)

// TestRecordedCallsToClaude sends every recorded request again, with the model
// where Anthropic's own clients put it: the same path and body must reach Google.
func TestRecordedCallsToClaude(t *testing.T) {
	calls := recorded.Calls(t, func(c *recorded.Call) bool { return strings.Contains(c.File, "vertex-claude") })
	require.Len(t, calls, 10)
	b, p := serve(t, nil)
	for _, c := range calls {
		at, err := url.Parse(c.Request.URL)
		require.NoError(t, err)
		publisher := at.Path[strings.Index(at.Path, "/publishers/"):]
		model, _, _ := strings.Cut(strings.TrimPrefix(publisher, "/publishers/anthropic/models/"), ":")
		status, out := send(t, b, "/v1/messages", strings.Replace(c.Request.Body, "{", `{"model":"vertex/`+model+`",`, 1))
		require.Equal(t, http.StatusOK, status, "%s: %s", c.File, out)
		got := p.last(t)
		require.Equal(t, "/v1/projects/p/locations/l"+publisher, got.Path)
		sent, err := json.Marshal(got.Body)
		require.NoError(t, err)
		require.JSONEq(t, c.Request.Body, string(sent), c.File)
	}
}
