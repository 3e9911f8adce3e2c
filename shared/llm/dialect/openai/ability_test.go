package openai

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

func TestAbilitiesGoByTheLongestName(t *testing.T) {
	can := func(name string) canonical.Ability { return ability(&llm.Candidate{Model: name}) }
	for name, thinks := range map[string]canonical.Thinks{
		"gpt-4o-mini-2024-07-18": canonical.ThinksNot, "gpt-5-chat-latest": canonical.ThinksNot, "ft:gpt-4.1-mini:acme::x": canonical.ThinksNot,
		"gpt-5-mini": canonical.ThinksEffort, "o3-mini": canonical.ThinksEffort, "o4-mini-2025-04-16": canonical.ThinksEffort, "gpt-5.1": canonical.ThinksEffort,
	} {
		a := can(name)
		require.True(t, a.Known, name)
		require.Equal(t, thinks, a.Thinks, name)
		require.Equal(t, thinks != canonical.ThinksNot, a.NoTemperature, name)
	}
	require.False(t, can("gpt-4o-2024-05-13").Schema)
	require.True(t, can("gpt-4o-2024-08-06").Schema)
	require.False(t, can("o3-mini").Vision)
	require.Contains(t, can("gpt-5.1").Efforts, "none")
	require.NotContains(t, can("gpt-5").Efforts, "none")
	require.Equal(t, canonical.Ability{}, can("mistral-small"), "nothing is known of it")
}
