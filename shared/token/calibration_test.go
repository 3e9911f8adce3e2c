package token_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/token"
)

func TestCalibrationFindsTheFactorOfAVocabulary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.Float64Range(.5, 2.5).Draw(t, "factor")
		var c token.Calibration
		for range 200 {
			n := rapid.Int64Range(500, 5000).Draw(t, "counted")
			c.Learn(n, int64(float64(n)*factor))
		}
		if got := c.Factor(); got < factor*.95 || got > factor*1.05 {
			t.Fatalf("the factor is %v and was learnt as %v", factor, got)
		}
	})
}

func TestCalibrationBeginsAtOneAndForgets(t *testing.T) {
	var c token.Calibration
	require.Equal(t, int64(1000), c.Apply(1000))
	c.Learn(10, 20)
	require.InDelta(t, 1, c.Factor(), .01, "one small call says little")
	for range 100 {
		c.Learn(100_000, 200_000)
	}
	for range 100 {
		c.Learn(100_000, 100_000)
	}
	require.InDelta(t, 1, c.Factor(), .1, "what was true long ago has faded")
}

func TestCalibrationLeavesOutWhatIsNoVocabulary(t *testing.T) {
	var c token.Calibration
	for _, reported := range []int64{0, -5, 100, 100_000} {
		c.Learn(10_000, reported)
	}
	c.Learn(0, 10)
	require.Equal(t, 1.0, c.Factor())
}

func TestCalibrationIsSafeForManyGoroutines(t *testing.T) {
	var c token.Calibration
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				c.Learn(1000, 1500)
				c.Apply(10)
			}
		})
	}
	wg.Wait()
	require.InDelta(t, 1.5, c.Factor(), .01)
}
