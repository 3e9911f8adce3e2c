package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/semcache"
)

// proportion prints a share with its exact 95 % interval.
func proportion(k, n int) string {
	low, high := semcache.LowerBound(k, n, 0.975), semcache.UpperBound(k, n, 0.975)
	return fmt.Sprintf("%5.1f%% [%.1f, %.1f]", percent(k, n), 100*low, 100*high)
}

func percent(k, n int) float64 { return 100 * float64(k) / float64(max(1, n)) }

func mean(all []float64) float64 {
	s := 0.
	for _, x := range all {
		s += x
	}
	return s / float64(max(1, len(all)))
}

// around prints the mean over shuffles and its 95 % interval (normal, by the
// spread of the shuffles).
func around(all []float64) string {
	m, s := mean(all), 0.
	for _, x := range all {
		s += (x - m) * (x - m)
	}
	half := 1.96 * math.Sqrt(s/float64(max(1, len(all)-1))/float64(len(all)))
	return fmt.Sprintf("%5.2f%% [%.2f, %.2f]", m, m-half, m+half)
}

// lowest is the mean of the tenth with the smallest values, highest that of the
// tenth with the largest: worst deciles.
func lowest(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return mean(sorted[:max(1, len(sorted)/10)])
}

func highest(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return mean(sorted[len(sorted)-max(1, len(sorted)/10):])
}
