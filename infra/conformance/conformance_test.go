package conformance_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConformance plays every recording and prints the table.
func TestConformance(t *testing.T) {
	data := os.Getenv("DCODER_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(data, "cassettes")); err != nil {
		t.Skipf("SKIPPED: no recordings in %s; set DCODER_DATA", data)
	}
	all, excluded, err := recordings(data)
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
