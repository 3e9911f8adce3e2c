package litellm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/cmd/dcoder/litellm"
)

// FuzzRead: whatever the files hold, they are planned or refused.
func FuzzRead(f *testing.F) {
	f.Add([]byte("model_list:\n- model_name: a\n  litellm_params: {model: openai/m, rpm: 5}\nrouter_settings: {fallbacks: [{a: [a]}]}\n"), []byte(`[{}]`))
	f.Add([]byte("litellm_settings: {max_budget: 1e99}\nrouter_settings: {model_group_alias: {x: 1}}"), []byte(`7`))
	f.Fuzz(func(t *testing.T, raw, keys []byte) {
		p, err := litellm.Read(raw, keys)
		if err != nil {
			return
		}
		for _, a := range p.Aliases {
			require.NotEmpty(t, a.Targets)
			for _, target := range a.Targets {
				require.GreaterOrEqual(t, target.Weight, 0, "the API would refuse it")
				require.LessOrEqual(t, target.Weight, 1000)
			}
		}
	})
}
