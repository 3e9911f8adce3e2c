package semcache_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// The figures stand in tables of the exact binomial interval.
func TestClopperPearson(t *testing.T) {
	for _, c := range []struct {
		wrong, n     int
		lower, upper float64
	}{
		{0, 0, 0, 1}, {0, 299, 0, 0.00997}, {0, 59, 0, 0.0495}, {1, 100, 0.0005, 0.0466}, {5, 100, 0.0199, 0.1023}, {10, 10, 0.7411, 1},
	} {
		require.InDelta(t, c.upper, semcache.UpperBound(c.wrong, c.n, 0.95), 1e-4, "%d of %d", c.wrong, c.n)
		require.InDelta(t, c.lower, semcache.LowerBound(c.wrong, c.n, 0.95), 1e-4, "%d of %d", c.wrong, c.n)
	}
}

func TestBoundsHoldTheProportion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		wrong := rapid.IntRange(0, n).Draw(t, "wrong")
		seen := float64(wrong) / float64(n)
		require.GreaterOrEqual(t, semcache.UpperBound(wrong, n, 0.95), seen)
		require.LessOrEqual(t, semcache.LowerBound(wrong, n, 0.95), seen)
		require.GreaterOrEqual(t, semcache.UpperBound(wrong, n, 0.95), semcache.UpperBound(wrong, n+1, 0.95), "more evidence, tighter bound")
	})
}
