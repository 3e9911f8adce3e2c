package token_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/token"
	"github.com/d-coder-ai/dcoder/shared/token/exact"
)

// TestCountIsNear reads what stands in the repository itself: prose, code, JSON.
func TestCountIsNear(t *testing.T) {
	for pattern, error := range map[string]float64{
		"../../docs/*.md": .06, "../../docs/openapi.json": .10, "../../shared/llm/*.go": .10, "../../knative/base/*.yaml": .15,
	} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		var all strings.Builder
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			all.Write(raw)
		}
		want := exact.O200k().Count(all.String())
		got := token.Count(all.String())
		t.Logf("%s: %d counted, %d exact, %+.1f %%", pattern, got, want, 100*(float64(got)/float64(want)-1))
		require.InEpsilon(t, want, got, error, pattern)
	}
}

func TestCountIsPositiveAndNeverMoreThanTwiceTheBytes(t *testing.T) {
	require.Zero(t, token.Count(""))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		if n := token.Count(text); n < 0 || n > 2*len(text) {
			t.Fatalf("%q is %d tokens", text, n)
		}
	})
}

func BenchmarkCount(b *testing.B) {
	text := strings.Repeat("The first Nobel Prize in Physics was awarded in 1901. ", 200)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		token.Count(text)
	}
}
