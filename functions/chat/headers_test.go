package chat_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// headed is a provider's headers and what the client sees of them.
type headed struct {
	model      string
	says, seen map[string]string
}

var (
	openAIHeaders = map[string]string{
		"X-Request-Id": "up-1", "X-Ratelimit-Limit-Requests": "500", "X-Ratelimit-Remaining-Requests": "499",
		"X-Ratelimit-Reset-Requests": "120ms", "X-Ratelimit-Limit-Tokens": "30000", "X-Ratelimit-Remaining-Tokens": "29000",
		"X-Ratelimit-Reset-Tokens": "6s", "Openai-Organization": "org-inside",
	}
	openAISeen = map[string]string{
		"X-Upstream-Request-Id": "up-1", "X-Upstream-Ratelimit-Limit-Requests": "500", "X-Upstream-Ratelimit-Remaining-Requests": "499",
		"X-Upstream-Ratelimit-Reset-Requests": "120ms", "X-Upstream-Ratelimit-Limit-Tokens": "30000",
		"X-Upstream-Ratelimit-Remaining-Tokens": "29000", "X-Upstream-Ratelimit-Reset-Tokens": "6s", "Openai-Organization": "",
	}
	anthropicHeaders = map[string]string{
		"Request-Id": "up-1", "Anthropic-Ratelimit-Requests-Remaining": "49", "Anthropic-Ratelimit-Tokens-Reset": "2026-01-01T00:00:00Z",
		"Anthropic-Organization-Id": "org-inside",
	}
	anthropicSeen = map[string]string{
		"Request-Id": "up-1", "X-Upstream-Request-Id": "up-1", "Anthropic-Ratelimit-Requests-Remaining": "49",
		"Anthropic-Ratelimit-Tokens-Reset": "2026-01-01T00:00:00Z", "Anthropic-Organization-Id": "",
	}
	googleHeaders = map[string]string{"X-Goog-Request-Id": "up-1", "Server-Timing": "gfet4t7; dur=5", "X-Goog-Quota-User": "inside"}
	googleSeen    = map[string]string{"X-Upstream-Request-Id": "up-1", "Server-Timing": "gfet4t7; dur=5", "X-Goog-Quota-User": ""}

	everyHeaded = []headed{
		{"llm.openai.gpt-4o-mini", openAIHeaders, openAISeen},
		{"llm.groq.llama-3.1-8b-instant", openAIHeaders, openAISeen},
		{"llm.anthropic.claude-sonnet-4-5", anthropicHeaders, anthropicSeen},
		{"llm.google.gemini-2.5-flash", googleHeaders, googleSeen},
		{"llm.vertex.gemini-2.5-flash", googleHeaders, googleSeen},
		{"llm.vertex.claude-sonnet-4-5", anthropicHeaders, anthropicSeen},
		{"llm.vertex.claude-sonnet-4-5", googleHeaders, googleSeen},
	}
)

// TestHeadersOfEveryProviderReachEveryClient: limits and ids of the provider with
// answers and with errors, Retry-After with errors, by every route; what names an
// account stays inside, and X-Request-Id is the gateway's own.
func TestHeadersOfEveryProviderReachEveryClient(t *testing.T) {
	for _, p := range everyHeaded {
		for path, body := range asked {
			t.Run(p.model+path, func(t *testing.T) {
				good := serveScripted(t, scripted{header: p.says})
				for _, stream := range []bool{false, true} {
					resp, raw := send(t, good, path, fmt.Sprintf(body, p.model, stream), "X-Request-Id", "mine-1")
					require.Equal(t, http.StatusOK, resp.StatusCode, raw)
					p.requireSeen(t, resp)
				}
				for _, stream := range []bool{false, true} {
					p.requireRefused(t, serveScripted(t, scripted{header: with(p.says, "Retry-After", "17"), status: 429}), path, fmt.Sprintf(body, p.model, stream))
				}
			})
		}
	}
}

func (p *headed) requireRefused(t *testing.T, b *llmtest.Bench, path, body string) {
	t.Helper()
	resp, raw := send(t, b, path, body, "X-Request-Id", "mine-1")
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode, raw)
	require.Equal(t, "17", resp.Header.Get("Retry-After"))
	require.NotEqual(t, "false", resp.Header.Get(dcoder.HeaderShouldRetry))
	p.requireSeen(t, resp)
	require.Contains(t, raw, `"type":"rate_limit_error"`)
}

func (p *headed) requireSeen(t *testing.T, resp *http.Response) {
	t.Helper()
	require.Equal(t, "mine-1", resp.Header.Get("X-Request-Id"))
	for name, value := range p.seen {
		require.Equal(t, value, resp.Header.Get(name), "%s at status %d", name, resp.StatusCode)
	}
}

func with(h map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for n, v := range h {
		out[n] = v
	}
	return out
}
