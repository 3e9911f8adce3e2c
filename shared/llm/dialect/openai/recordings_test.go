package openai_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
)

// TestRecordedResponsesPassThrough forwards every recorded call of the Responses
// API: no byte of the answer changes, and its usage is read on the side.
func TestRecordedResponsesPassThrough(t *testing.T) {
	checked := 0
	for _, r := range recordedResponses(t) {
		if r.Response.Code != 200 {
			continue
		}
		kind := asJSON
		if strings.HasPrefix(r.Response.Body, "event:") {
			kind = asSSE
		}
		a := serve(t, said(kind, r.Response.Body)).must(call{"openai", llm.Response, "gpt-5", r.Request.Body, false})
		require.Equal(t, r.Response.Body, string(a.raw))
		require.True(t, a.usage.Reported)
		want := usageOf(t, r.Response.Body)
		require.Equal(t, want.Input, a.usage.Tokens.Input)
		require.Equal(t, want.Output, a.usage.Tokens.Output)
		require.Equal(t, want.In.Cached, a.usage.Tokens.CachedInput)
		require.Equal(t, want.Out.Reasoning, a.usage.Tokens.Reasoning)
		require.Equal(t, kind == asSSE, a.last)
		checked++
	}
	require.Greater(t, checked, 50)
}

type recordedUsage struct {
	Input  int64 `json:"input_tokens"`
	Output int64 `json:"output_tokens"`
	In     struct {
		Cached int64 `json:"cached_tokens"`
	} `json:"input_tokens_details"`
	Out struct {
		Reasoning int64 `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
}

// usageOf decodes the usage of a whole response, or of a stream's last event.
func usageOf(t *testing.T, body string) recordedUsage {
	var whole struct {
		Usage    *recordedUsage
		Response struct{ Usage *recordedUsage }
	}
	if at := strings.LastIndex(body, "\ndata: "); at >= 0 {
		body, _, _ = strings.Cut(body[at+len("\ndata: "):], "\n")
	}
	require.NoError(t, json.Unmarshal([]byte(body), &whole))
	if whole.Usage == nil {
		whole.Usage = whole.Response.Usage
	}
	require.NotNil(t, whole.Usage)
	return *whole.Usage
}

func recordedResponses(t *testing.T) []recorded.Call {
	t.Helper()
	return recorded.Calls(t, func(c *recorded.Call) bool { return strings.HasSuffix(c.Request.URL, "/v1/responses") })
}
