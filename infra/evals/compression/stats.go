package main

import (
	"math/rand/v2"
	"slices"
	"time"
)

func average(all []float64) float64 {
	s := 0.
	for _, x := range all {
		s += x
	}
	return s / float64(max(1, len(all)))
}

func mean(all []kase, of func(kase) float64) int {
	s := 0.
	for _, k := range all {
		s += of(k)
	}
	return int(s / float64(max(1, len(all))))
}

// resamples of the bootstrap.
const resamples = 2000

// interval is the 95 % interval of the mean, by bootstrap over cases.
func interval(all []float64) (low, high float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	means := make([]float64, resamples)
	for i := range means {
		s := 0.
		for range all {
			s += all[rng.IntN(len(all))]
		}
		means[i] = s / float64(len(all))
	}
	slices.Sort(means)
	return means[resamples/40], means[resamples-resamples/40-1]
}

// worst is the mean of the tenth of cases that kept least.
func worst(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return average(sorted[:max(1, len(sorted)/10)])
}

// milliseconds is a quantile of durations.
func milliseconds(all []time.Duration, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(q*float64(len(sorted)-1))].Seconds() * 1000
}
