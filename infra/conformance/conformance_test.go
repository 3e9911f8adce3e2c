package conformance_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
)

// TestConformance plays every recording and prints the table.
func TestConformance(t *testing.T) {
	all, excluded, err := recordings()
	if errors.Is(err, recorded.ErrNone) {
		t.Skipf("SKIPPED: %v", err)
	}
	require.NoError(t, err)
	require.Greater(t, len(all), 300)
	b := playAll(all)
	b.excluded = excluded
	b.print(os.Stdout)
	shares := b.shares()
	require.GreaterOrEqual(t, shares[""][""].percent(), 99.0)
	for provider, s := range shares {
		require.GreaterOrEqual(t, s[""].percent(), 95.0, provider)
	}
	seen, mutants := b.seen()
	require.Equal(t, mutants, seen, "a change of one field of a translated request that no play sees")
	require.Greater(t, mutants, 10_000)
}
