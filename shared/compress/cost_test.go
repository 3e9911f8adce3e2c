package compress_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// TestNoTextCostsMoreThanItsLength takes texts that are all of one sign, word or
// line: each step looks at a byte a bounded number of times, which shows in how
// many bytes are asked to be counted.
func TestNoTextCostsMoreThanItsLength(t *testing.T) {
	const size = 100_000
	for _, part := range []string{"a", "a ", "A. ", "a\n", "A: b\n", "# a\n", "[1] a\n", "<keep>", "```\n", "(", "{", "[", "\"", "12 ", "x=1,y ", "at a.b(c)\n", " \n", "|a|", "|\n", "def f():\n", "é", "\xff", "-", "Document [1](Title: a) b\n", "2026-01-02 10:11:12 INFO a b c\n"} {
		text := strings.Repeat(part, size/len(part))
		counted := 0
		o := compress.Options{Mode: compress.Ratio, Ratio: 3, Use: compress.Code, Question: "what is a and b in 2026?", Count: func(s string) int { counted += len(s); return token.Count(s) }}
		out, _ := compress.Text(text, o)
		require.LessOrEqual(t, len(out), len(text), part)
		require.Less(t, counted, 30*size, part)
	}
}
