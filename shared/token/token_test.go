package token_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/token"
)

// The counts are what OpenAI documents and reports for these texts.
func TestEstimateIsWithinItsError(t *testing.T) {
	for _, c := range []struct {
		text   string
		tokens int64
	}{
		{"The quick brown fox jumps over the lazy dog.", 10},
		{"Many words map to one token, but some don't: indivisible.", 13},
		{"Unicode characters like emojis may be split into many tokens containing the underlying bytes.", 16},
	} {
		got := token.Estimate(token.Text{ASCII: len(c.text)})
		require.InDelta(t, c.tokens, got, float64(c.tokens)*0.5, c.text)
		require.GreaterOrEqual(t, token.Ceiling(token.Text{ASCII: len(c.text)}), c.tokens)
	}
}

func TestEstimateGrowsAndStaysBelowItsCeiling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1<<25)
		a := token.Text{ASCII: n.Draw(t, "ascii"), Multi: n.Draw(t, "multi"), Media: rapid.IntRange(0, 99).Draw(t, "media"), Items: rapid.IntRange(0, 99).Draw(t, "items")}
		b := a
		b.ASCII += rapid.IntRange(0, 100).Draw(t, "more")
		if token.Estimate(a) > token.Estimate(b) || token.Ceiling(a) > token.Ceiling(b) {
			t.Fatal("more text, fewer tokens")
		}
		if token.Estimate(a) > token.Ceiling(a) {
			t.Fatal("the estimate is above the ceiling")
		}
	})
}

func TestDeltaCountsAtLeastOneAndNeverMoreThanBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1<<20).Draw(t, "bytes")
		d := token.Delta(n)
		if (d == 0) != (n == 0) || d > int64(n) {
			t.Fatalf("%d bytes are %d tokens", n, d)
		}
	})
}
