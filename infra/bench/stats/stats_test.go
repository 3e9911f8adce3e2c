package stats

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestPercentile(t *testing.T) {
	ten := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for p, want := range map[float64]time.Duration{1: 1, 10: 1, 11: 2, 50: 5, 90: 9, 99: 10, 100: 10} {
		assert.Equal(t, want, Percentile(ten, p), p)
	}
	assert.Equal(t, time.Duration(7), Percentile([]time.Duration{7}, 50))
	assert.Zero(t, Percentile(nil, 50))
}

// The definition of nearest rank, counted out.
func TestPercentileProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 50), func(n int64) time.Duration { return time.Duration(n) }), 1, 60).Draw(t, "v")
		p := float64(rapid.IntRange(1, 100).Draw(t, "p"))
		slices.Sort(v)
		got := Percentile(v, p)
		atMost, below := 0, 0
		for _, x := range v {
			if x <= got {
				atMost++
			}
			if x < got {
				below++
			}
		}
		if need := p / 100 * float64(len(v)); float64(atMost) < need-1e-9 || float64(below) >= need+1e-9 {
			t.Fatalf("p%v of %v is %v", p, v, got)
		}
	})
}

func TestMedian(t *testing.T) {
	assert.InDelta(t, 2, Median([]float64{3, 1, 2}), 0)
	assert.InDelta(t, 2.5, Median([]float64{4, 1, 2, 3}), 0)
	assert.InDelta(t, 2, Median([]float64{math.NaN(), 1, 2, 3, math.NaN()}), 0, "what could not be compared does not count")
	assert.True(t, math.IsNaN(Median(nil)))
	assert.Equal(t, 2*time.Second, MedianDuration([]time.Duration{time.Second, 3 * time.Second}))
	assert.Zero(t, MedianDuration(nil))
	in := []float64{3, 1, 2}
	Median(in)
	assert.Equal(t, []float64{3, 1, 2}, in, "the order of rounds is kept")
}

func TestRatio(t *testing.T) {
	assert.InDelta(t, 1.5, Ratio(3, 2), 0)
	assert.True(t, math.IsNaN(Ratio(3, 0)))
	assert.True(t, math.IsNaN(Ratio(3, -1)))
	assert.True(t, math.IsNaN(Ratio(3, math.NaN())))
}
