package semcache_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

func randomUnit(r *rand.Rand, dimension int) []float32 {
	v := make([]float32, dimension)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return semcache.Unit(v)
}

func TestTheNearestAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x := semcache.NewIndex(30)
	var all []semcache.Near
	for i := range 300 {
		e := semcache.Near{ID: strconv.Itoa(i), Vector: randomUnit(r, 30), Group: 1}
		require.True(t, x.Add(e))
		all = append(all, e)
	}
	q := randomUnit(r, 30)
	for i := range all {
		all[i].Cosine = float64(semcache.Dot(q, all[i].Vector))
	}
	slices.SortFunc(all, func(a, b semcache.Near) int { return cmp.Compare(b.Cosine, a.Cosine) })
	for _, n := range []int{1, 7, 48, 300, 400} {
		require.Equal(t, all[:min(n, 300)], x.Nearest(q, n))
	}
	require.Empty(t, x.Nearest(q[:10], 5), "of another dimension")
	require.False(t, x.Add(semcache.Near{Vector: q[:10]}))
	q[0] = float32(math.NaN())
	require.False(t, x.Add(semcache.Near{Vector: q}))
	require.Equal(t, 300, x.Len())
}

func TestTheLexicalEmbedderIsDeterministicAndRanks(t *testing.T) {
	e := semcache.Lexical{Dimension: 512}
	embed := func(s string) []float32 { return e.Embed(semcache.Read(s)) }
	q := embed("How do I change the PIN of my card?")
	require.Equal(t, q, embed("How do I change the PIN of my card?"))
	require.InDelta(t, 1, semcache.Dot(q, q), 1e-5)
	require.Greater(t, semcache.Dot(q, embed("how can i change my card's pin")), semcache.Dot(q, embed("Why was my card declined?")))
	require.Zero(t, semcache.Dot(embed(""), embed("")), "no text, no direction")
}

func TestAGroupsVotesDecide(t *testing.T) {
	e := semcache.Lexical{Dimension: 512}
	v := semcache.NewVocabulary()
	var near []semcache.Near
	for i, s := range []struct {
		text  string
		group uint64
	}{{"my card was stolen", 1}, {"how do i order a new card", 2}, {"how can i order a new card", 2}, {"order new card", 2}} {
		text := semcache.Read(s.text)
		v.Add(text)
		near = append(near, semcache.Near{ID: strconv.Itoa(i), Text: text, Vector: e.Embed(text), Group: s.group})
	}
	q := semcache.Read("how to order a card")
	vector := e.Embed(q)
	for i := range near {
		near[i].Cosine = float64(semcache.Dot(vector, near[i].Vector))
	}
	p, ok := semcache.Propose(q, vector, near, v)
	require.True(t, ok)
	require.EqualValues(t, 2, p.Near.Group)
	require.Len(t, p.Voters, 4)
	_, ok = semcache.Propose(q, vector, nil, v)
	require.False(t, ok)
}

// BenchmarkScan: 5,000 entries of 1,024 dimensions.
func BenchmarkScan(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x := semcache.NewIndex(1024)
	for range 5000 {
		x.Add(semcache.Near{Vector: randomUnit(r, 1024)})
	}
	q := randomUnit(r, 1024)
	for b.Loop() {
		x.Nearest(q, semcache.Pool)
	}
}
