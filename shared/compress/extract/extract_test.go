package extract_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/compress/compresstest"
	"github.com/d-coder-ai/dcoder/shared/compress/extract"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// TestWhatIsKept reads testdata/*.txt: a budget, a question, a text, and what is
// kept of it, with lines of === between; a new case is a new file.
func TestWhatIsKept(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 4)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		part := strings.Split(string(raw), "===\n")
		require.Len(t, part, 4, file)
		budget, err := strconv.Atoi(strings.TrimSpace(part[0]))
		require.NoError(t, err)
		got := extract.Extract(extract.Task{Text: part[2], Question: strings.TrimSpace(part[1]), Budget: budget, Count: token.Count})
		require.Equal(t, part[3], got.Text, file)
	}
}

// TestWhatIsKeptStoodThere draws texts, and questions that may have nothing to do
// with them: each kept line is made of parts of the text in their order.
func TestWhatIsKeptStoodThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := compresstest.Text(t)
		budget := rapid.IntRange(0, 200).Draw(t, "budget")
		question := rapid.SampledFrom([]string{"", "?", "When did the ship meet a king?", "captain", "\xff"}).Draw(t, "question")
		task := extract.Task{Text: text, Question: question, Budget: budget, Count: token.Count}
		got := extract.Extract(task)
		at := 0
		for _, part := range strings.Split(got.Text, "…") {
			part = strings.TrimSpace(part)
			for line := range strings.Lines(part) {
				if line = strings.TrimSpace(line); strings.HasSuffix(line, "definitions left out") {
					continue
				}
				for _, piece := range strings.SplitAfter(line, ". ") {
					i := strings.Index(text[at:], strings.TrimSpace(piece))
					if piece == "#" || piece == "//" {
						continue
					}
					if i < 0 {
						t.Fatalf("%q does not stand in %q after %d", piece, text, at)
					}
					at += i
				}
			}
		}
		if n := token.Count(got.Text); n > budget+budget/4+12 && token.Count(text) > budget {
			t.Fatalf("%d tokens kept of a budget of %d", n, budget)
		}
		if extract.Extract(task) != got {
			t.Fatal("the same task came out otherwise")
		}
	})
}

func TestATextThatFitsStays(t *testing.T) {
	text := "One.  Two.\n\n\nThree."
	require.Equal(t, text, extract.Extract(extract.Task{Text: text, Question: "Four?", Budget: 100, Count: token.Count}).Text)
}

func TestFoundIsTheShareOfTheQuestionThatTheTextSpeaksOf(t *testing.T) {
	text := strings.Repeat("The ship met a storm. The king was ill. ", 20)
	found := func(question string) float64 {
		return extract.Extract(extract.Task{Text: text, Question: question, Budget: 50, Count: token.Count}).Found
	}
	require.Greater(t, found("Which king was ill?"), .8)
	require.Less(t, found("quantum chromodynamics on a lattice"), .1)
}

func BenchmarkExtract(b *testing.B) {
	var text strings.Builder
	for i := range 20 {
		text.WriteString("Document [" + strconv.Itoa(i+1) + "](Title: Number " + strconv.Itoa(i) + ") ")
		text.WriteString(strings.Repeat("The ship of the year "+strconv.Itoa(1400+i)+" was led by a captain of the crown. It sailed for the cape and met a storm. ", 4) + "\n")
	}
	task := extract.Task{Text: text.String(), Question: "Who led the ship of the year 1405?", Budget: 700, Count: token.Count}
	for b.Loop() {
		extract.Extract(task)
	}
	b.ReportMetric(float64(token.Count(task.Text)), "tokens")
}

func FuzzExtract(f *testing.F) {
	for _, text := range compresstest.Seeds {
		f.Add(text, "what happened to the ship?", 10)
	}
	f.Fuzz(func(t *testing.T, text, question string, budget int) {
		task := extract.Task{Text: text, Question: question, Budget: budget, Count: token.Count}
		if extract.Extract(task) != extract.Extract(task) {
			t.Fatal("the same task came out otherwise")
		}
	})
}
