package compress_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/compress"
	"github.com/d-coder-ai/dcoder/shared/compress/compresstest"
	"github.com/d-coder-ai/dcoder/shared/token"
)

func optionsOf(t *rapid.T) compress.Options {
	return compress.Options{
		Mode:     rapid.SampledFrom([]compress.Mode{compress.Off, compress.Lossless, compress.Auto, compress.Ratio}).Draw(t, "mode"),
		Ratio:    rapid.Float64Range(1.05, 20).Draw(t, "ratio"),
		Use:      rapid.SampledFrom([]compress.Use{compress.Chat, compress.RAG, compress.Document, compress.Code}).Draw(t, "use"),
		Question: rapid.SampledFrom([]string{"", "Who captained the ship in 1488?", "parse the log"}).Draw(t, "question"),
		Count:    token.Count,
	}
}

func TestTextIsNeverLargerAndAlwaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, o := compresstest.Text(t), optionsOf(t)
		out, r := compress.Text(text, o)
		if len(out) > len(text) || r.Out > r.In || token.Count(out) > token.Count(text) || r.In != token.Count(text) || r.Out != token.Count(out) {
			t.Fatalf("%d bytes and %d tokens became %d and %d; report %+v", len(text), token.Count(text), len(out), token.Count(out), r)
		}
		if again, r2 := compress.Text(text, o); again != out || r2.Out != r.Out {
			t.Fatal("the same text came out otherwise")
		}
	})
}

func TestWhatIsProtectedStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "<keep>\n" + compresstest.Text(t) + "</keep>"
		fence := "```go\nfunc main() {   \n\n\n\tprintln(1)\n}\n```\n"
		text := compresstest.Text(t) + "\n" + secret + "\n" + compresstest.Text(t) + "\n" + fence + compresstest.Text(t)
		o := optionsOf(t)
		o.Use = compress.RAG
		out, _ := compress.Text(text, o)
		if !strings.Contains(out, secret) || strings.Count(text, "```") == 2 && !strings.Contains(out, fence) {
			t.Fatalf("what is marked or fenced was changed: %q", out)
		}
	})
}

func TestSegmentsAreTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := compresstest.Text(t) + rapid.String().Draw(t, "any")
		var b strings.Builder
		for _, s := range compress.Split(text) {
			b.WriteString(s.Text)
		}
		if b.String() != text {
			t.Fatalf("%q became %q", text, b.String())
		}
	})
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kind       compress.Kind
	}{
		{"prose", "The ship sailed in 1488. It came back.\n", compress.Prose},
		{"json", "{\"a\": [1, 2]}\n", compress.JSON},
		{"log", strings.Repeat("2026-01-02 10:11:12 INFO server: ready\n", 4), compress.Log},
		{"trace", "java.io.IOException: no\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)\n\tat a.B.e(B.java:3)\n", compress.Trace},
		{"diff", "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", compress.Diff},
		{"table", "| a | b |\n|---|---|\n| 1 | 2 |\n", compress.Table},
		{"fence", "```\nx = 1\n```\n", compress.Fence},
		{"source", "def f(x):\n    y = x + 1\n    return y\n", compress.Source},
	} {
		segments := compress.Split(c.text)
		require.Len(t, segments, 1, c.name)
		require.Equal(t, c.kind, segments[0].Kind, c.name)
	}
}

func TestLosslessKeepsWhatIsSaid(t *testing.T) {
	paragraph := strings.Repeat("The same paragraph came from two retrieved chunks. ", 4)
	text := "Intro.   \n\n\n\n" + paragraph + "\n\n| a      | b |\n|--------|:-----:|\n| 1      | 2 |\n\n{\n  \"id\": 12345678901234567890,\n  \"tags\": [ \"x\" ]\n}\n\n" + paragraph + "\n"
	out, r := compress.Text(text, compress.Options{Mode: compress.Lossless, Count: token.Count})
	require.Equal(t, "Intro.  \n\n"+strings.TrimSpace(paragraph)+"\n\n|a|b|\n|---|:---:|\n|1|2|\n\n{\"id\":12345678901234567890,\"tags\":[\"x\"]}\n\n[as above: The same paragraph came from two…]\n", out)
	require.False(t, r.Cut)
	require.Equal(t, []string{"lossless", "duplicates"}, []string{r.Stages[0].Stage, r.Stages[1].Stage})
}

func TestAutoLeavesAloneWhatTheQuestionDoesNotSpeakOf(t *testing.T) {
	text := strings.Repeat("The gardens were laid out by a pupil of the first architect. Roses grow there. ", 40)
	out, _ := compress.Text(text, compress.Options{Mode: compress.Auto, Question: "quantum chromodynamics lattice", Count: token.Count})
	require.Equal(t, text, out)
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		text  string
		mode  compress.Mode
		ratio float64
		ok    bool
	}{
		{"off", compress.Off, 0, true},
		{" Lossless", compress.Lossless, 0, true},
		{"auto", compress.Auto, 0, true},
		{"3", compress.Ratio, 3, true},
		{"2.5", compress.Ratio, 2.5, true},
		{"1", compress.Off, 0, false},
		{"NaN", compress.Off, 0, false},
		{"1000", compress.Off, 0, false},
		{"", compress.Off, 0, false},
		{"most", compress.Off, 0, false},
	} {
		mode, ratio, err := compress.ParseMode(c.text)
		require.Equal(t, c.ok, err == nil, c.text)
		if c.ok {
			require.Equal(t, c.mode, mode, c.text)
			require.Equal(t, c.ratio, ratio, c.text)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, text := range compresstest.Seeds {
		f.Add(text, "what happened to the ship?", uint8(2))
	}
	f.Fuzz(func(t *testing.T, text, question string, mode uint8) {
		o := compress.Options{Mode: compress.Mode(mode % 4), Ratio: 3, Use: compress.Use(mode / 4 % 4), Question: question, Count: token.Count}
		if out, r := compress.Text(text, o); len(out) > len(text) || r.Out > r.In {
			t.Fatalf("%d bytes became %d", len(text), len(out))
		}
		joined := ""
		for _, s := range compress.Split(text) {
			joined += s.Text
		}
		if joined != text {
			t.Fatal("segments are not the text")
		}
	})
}
