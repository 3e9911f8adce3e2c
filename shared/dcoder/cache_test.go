package dcoder_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func TestHowLongAnswersOfAModelAreGood(t *testing.T) {
	p := dcoder.CacheRules{ModelTTL: map[string]int64{"gpt-*": 10, "gpt-4o*": 20, "gpt-4o-mini": 30, "o*": 1 << 40}}
	for model, want := range map[string]int64{
		"gpt-3.5": 10, "gpt-4o": 20, "gpt-4o-mini": 30, "claude": dcoder.CacheTTLSeconds, "o3": dcoder.CacheMostTTLSeconds,
	} {
		require.Equal(t, want, p.TTL(model), model)
	}
	p.TTLSeconds = 60
	require.EqualValues(t, 60, p.TTL("claude"))
}

func TestAKeysCacheRulesStandsOverTheTenants(t *testing.T) {
	hot, yes := 1.0, true
	tenant := dcoder.CacheRules{Mode: dcoder.CacheOn, TTLSeconds: 60, MaxTemperature: &hot}
	p := dcoder.CacheRules{Mode: dcoder.CacheOff, ToolCalls: &yes}.Over(tenant)
	require.Equal(t, dcoder.CacheRules{Mode: dcoder.CacheOff, TTLSeconds: 60, MaxTemperature: &hot, ToolCalls: &yes}, p)
	require.True(t, p.Takes(1))
	require.False(t, p.Takes(1.1))
	require.True(t, p.Calls())
	var none dcoder.CacheRules
	require.True(t, none.Takes(0.3))
	require.False(t, none.Takes(0.31))
	require.False(t, none.Calls())
}
