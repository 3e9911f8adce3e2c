package chat_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// TestTheServiceTierOfTheAnswerDecidesThePrice through every protocol, whole and
// streamed, passed through and translated.
func TestTheServiceTierOfTheAnswerDecidesThePrice(t *testing.T) {
	for _, one := range []struct{ provider, model, said, tier string }{
		{"openai", "gpt-4o-mini", "priority", "priority"},
		{"openai", "gpt-4o-mini", "flex", "flex"},
		{"openai", "gpt-4o-mini", "default", ""},
		{"groq", "llama-3.1-8b-instant", "flex", "flex"},
		{"groq", "llama-3.1-8b-instant", "on_demand", ""},
		{"anthropic", "claude-sonnet-4-5", "priority", "priority"},
		{"anthropic", "claude-sonnet-4-5", "standard", ""},
		{"vertex", "gemini-2.5-flash", "ON_DEMAND_FLEX", "flex"},
		{"vertex", "gemini-2.5-flash", "ON_DEMAND_PRIORITY", "priority"},
		{"google", "gemini-2.5-flash", "ON_DEMAND", ""},
	} {
		t.Run(one.model+" "+one.said, func(t *testing.T) {
			b := serveScripted(t, scripted{tier: one.said})
			n := 0
			for path, body := range asked {
				for _, stream := range []bool{false, true} {
					resp, raw := send(t, b, path, fmt.Sprintf(body, "llm."+one.provider+"."+one.model, stream))
					require.Equal(t, http.StatusOK, resp.StatusCode, raw)
					n++
				}
			}
			p := price.Find(one.provider, one.model)
			require.NotNil(t, p)
			for _, row := range b.Rows(n) {
				require.False(t, row.Estimated)
				require.Equal(t, one.tier, row.ServiceTier)
				require.Equal(t, price.CostIn(p, &dcoder.Tokens{Input: 1000, Output: 100}, one.tier), row.Cost)
			}
		})
	}
	mini := price.Find("openai", "gpt-4o-mini")
	tokens := dcoder.Tokens{Input: 1000, Output: 100}
	require.Greater(t, price.CostIn(mini, &tokens, "priority"), price.Cost(mini, &tokens), "the test tells tiers apart")
}
