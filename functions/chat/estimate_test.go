package chat_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// TestTheEstimateIsToldToWhoAsks: micro-units, for the longest answer that was
// reserved, and only when asked.
func TestTheEstimateIsToldToWhoAsks(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	estimate := func(stream bool, longest string) int64 {
		resp, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", stream, `,"max_tokens":`+longest), dcoder.HeaderCostEstimate, "true")
		require.Equal(t, http.StatusOK, resp.StatusCode)
		n, err := strconv.ParseInt(resp.Header.Get(dcoder.HeaderCostEstimate), 10, 64)
		require.NoError(t, err)
		return n
	}
	short, long := estimate(false, "100"), estimate(true, "200")
	require.EqualValues(t, 60, long-short, "a hundred tokens of output more")
	require.Greater(t, short, int64(60), "and the input")
	resp, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", false, ""))
	require.Empty(t, resp.Header.Get(dcoder.HeaderCostEstimate))
}
