package litellm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
	"github.com/d-coder-ai/dcoder/shared/price/litellm"
)

const table = `{
 "sample_spec": {"input_cost_per_token": "explained in words"},
 "gpt-big": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 2.5e-07,
   "input_cost_per_token_above_272k_tokens": 5e-06, "output_cost_per_token_above_272k_tokens": 1.5e-05,
   "input_cost_per_token_priority": 5e-06, "output_cost_per_token_priority": 2e-05, "input_cost_per_token_flex": 1.25e-06,
   "max_output_tokens": 128000, "search_context_cost_per_query": {"low": 0.01}, "supports_vision": true},
 "gemini/gem": {"litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 3.75e-08, "output_cost_per_token": 0.00000015, "cache_read_input_token_cost": null},
 "vertex_ai/claude-x@1": {"litellm_provider": "vertex_ai-anthropic_models", "mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
   "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06},
 "groq/noise": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 1.0000000000000001e-07, "output_cost_per_token": 1e-07},
 "groq/steps": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 1e-07, "input_cost_per_token_above_128k_tokens": 2e-07, "input_cost_per_token_above_256k_tokens": 3e-07},
 "groq/strange": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 1e-07, "output_cost_per_dream": 2e-07},
 "groq/dear": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 7},
 "groq/minus": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": -1e-07},
 "groq/words": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": "much"},
 "groq/free": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 0},
 "dall-e-9": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.04},
 "mistral/m": {"litellm_provider": "mistral", "mode": "chat", "input_cost_per_token": 1e-07},
 "list": []
}`

func TestRead(t *testing.T) {
	taken, not, err := litellm.Read([]byte(table), "contract-1")
	require.NoError(t, err)
	require.Equal(t, []price.Imported{
		{Name: "gemini/gem", Dialect: "google", Names: []string{"gem"}, Price: dcoder.Price{Version: "contract-1", Input: 37_500, Output: 150_000}},
		{Name: "gpt-big", Dialect: "openai", Names: []string{"gpt-big"}, Price: dcoder.Price{
			Version: "contract-1", Input: 2_500_000, Output: 10_000_000, CachedInput: 250_000, OutputMax: 128_000,
			LongFrom: 272_000, LongInput: 5_000_000, LongOutput: 15_000_000,
			Tiers: []dcoder.TierPrice{{Tier: "flex", Input: 1_250_000}, {Tier: "priority", Input: 5_000_000, Output: 20_000_000}},
		}},
		{Name: "vertex_ai/claude-x@1", Dialect: "vertex", Names: []string{"claude-x@1"}, Price: dcoder.Price{
			Version: "contract-1", Input: 3_000_000, Output: 15_000_000, CacheWrite: 3_750_000, CacheWrite1h: 6_000_000,
		}},
	}, taken)
	require.Equal(t, []price.Untaken{
		{Name: "dall-e-9", Why: `no route serves the mode "image_generation"`},
		{Name: "groq/dear", Why: "input is no price that anybody can mean"},
		{Name: "groq/free", Why: "has no price"},
		{Name: "groq/minus", Why: "input_cost_per_token is not a decimal number"},
		{Name: "groq/noise", Why: "input_cost_per_token is finer than a micro-unit"},
		{Name: "groq/steps", Why: "has more than one threshold of long calls: input_cost_per_token_above_256k_tokens"},
		{Name: "groq/strange", Why: "costs in a way that is not known here: output_cost_per_dream"},
		{Name: "groq/words", Why: "input_cost_per_token is no number"},
		{Name: "list", Why: "is no JSON object"},
		{Name: "mistral/m", Why: `no dialect serves the provider "mistral"`},
	}, not)
	_, _, err = litellm.Read([]byte(`[]`), "v")
	require.Error(t, err)
}

// FuzzRead: whatever comes, what is taken is a price.
func FuzzRead(f *testing.F) {
	f.Add([]byte(table))
	f.Fuzz(func(t *testing.T, raw []byte) {
		taken, _, _ := litellm.Read(raw, "v")
		for _, one := range taken {
			require.Empty(t, price.Absurd(&one.Price))
			require.NotEmpty(t, one.Dialect)
		}
	})
}
