package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFiguresHold measures part of the cases, so that a change that loses answers
// is seen; the whole table is `make eval-compression`.
func TestFiguresHold(t *testing.T) {
	data := os.Getenv("DCODER_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(data, "nq-open")); err != nil {
		t.Skipf("SKIPPED: no data in %s; set DCODER_DATA", data)
	}
	rows, err := readLines[nqRow](data, "nq-open/nq-open-oracle.jsonl")
	require.NoError(t, err)
	require.GreaterOrEqual(t, keptAt3(t, sets[0], nqCases(rows[:160])), .95)
	evidence, err := hotpot(data)
	require.NoError(t, err)
	require.GreaterOrEqual(t, keptAt3(t, sets[1], evidence), .84)
	files, err := filepath.Glob(filepath.Join(data, "loghub", "[HS]*.log"))
	require.NoError(t, err)
	var sum formFigures
	for _, file := range files {
		f, err := formOf(file)
		require.NoError(t, err)
		sum.add(f)
	}
	require.Equal(t, sum.alarming, sum.kept)
	require.GreaterOrEqual(t, sum.in, 12*sum.out)
}

func keptAt3(t *testing.T, s set, all []kase) float64 {
	f := measured(method{"D.Coder", s.compressed(3)}, chosen(all, "report"), 3)
	require.GreaterOrEqual(t, float64(f.in)/float64(f.out), 2.9, s.name)
	return average(f.kept)
}

func TestStatistics(t *testing.T) {
	low, high := interval([]float64{1, 1, 1, 0, 1, 1, 1, 1, 1, 1})
	require.InDelta(t, .7, low, .11)
	require.InDelta(t, 1, high, .01)
	require.InDelta(t, 0, worst([]float64{1, 0, 1, 1, 1, 1, 1, 1, 1, 1}), .001)
	require.Equal(t, .5, average([]float64{0, 1}))
}
