package main

import (
	"cmp"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

func folder(t *testing.T) string {
	t.Helper()
	data := cmp.Or(os.Getenv("DCODER_DATA"), filepath.Join("..", "..", "..", "..", "shared", "data"))
	if _, err := os.Stat(filepath.Join(data, "cache-pairs")); err != nil {
		t.Skipf("SKIPPED: no pairs in %s; set DCODER_DATA", data)
	}
	return data
}

// TestTheVetoHolds asserts the figures that the rules were built for.
func TestTheVetoHolds(t *testing.T) {
	all, err := readPairs(filepath.Join(folder(t), "cache-pairs", "checklist.jsonl"))
	require.NoError(t, err)
	var refused, kept score
	for _, p := range all {
		found := semcache.Compare(semcache.Read(p.A), semcache.Read(p.B)).Found != 0
		if p.Label == 0 {
			refused.n++
			refused.good += map[bool]int{true: 1}[found]
		} else {
			kept.n++
			kept.good += map[bool]int{false: 1}[found]
		}
	}
	require.GreaterOrEqual(t, percent(refused.good, refused.n), 90.)
	require.GreaterOrEqual(t, percent(kept.good, kept.n), 65.)
}

func TestTheVerifierIsAsStated(t *testing.T) {
	slip, err := verifier(io.Discard, folder(t))
	require.NoError(t, err)
	require.LessOrEqual(t, slip.miss, semcache.VerifierMiss, "the bound that policies add is the measured one or above")
}

// TestSparseIsTheIndex: what the evaluation searches with finds what the product
// does.
func TestSparseIsTheIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	words := []string{"card", "pin", "change", "lost", "order", "address", "fee", "abroad", "cash", "limit", "top", "up"}
	sentence := func() string {
		s := ""
		for range 3 + r.IntN(5) {
			s += words[r.IntN(len(words))] + " "
		}
		return s
	}
	index, s := semcache.NewIndex(dimension), new(sparse)
	for range 200 {
		q := understood(sentence(), "x")
		s.add(&q, 1)
		index.Add(semcache.Near{ID: "x", Text: q.text, Vector: q.vector, Group: 1})
	}
	for range 20 {
		q := understood(sentence(), "x")
		a, b := s.near(&q, 10), index.Nearest(q.vector, 10)
		for i := range b {
			require.InDelta(t, b[i].Cosine, a[i].Cosine, 1e-5)
		}
	}
}
