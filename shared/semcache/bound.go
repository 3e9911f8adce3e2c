package semcache

import "math"

// UpperBound is the one-sided Clopper-Pearson upper bound of a proportion of
// which wrong of n were seen, at the given confidence (0.95). Clopper and
// Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934).
func UpperBound(wrong, n int, confidence float64) float64 {
	if n <= 0 || wrong >= n {
		return 1
	}
	if wrong == 0 {
		return -math.Expm1(math.Log1p(-confidence) / float64(n))
	}
	return bisect(float64(wrong)/float64(n), 1, func(p float64) bool { return atMost(wrong, n, p) > 1-confidence })
}

// LowerBound is the bound from below.
func LowerBound(wrong, n int, confidence float64) float64 {
	if n <= 0 || wrong <= 0 {
		return 0
	}
	return bisect(0, float64(wrong)/float64(n), func(p float64) bool { return 1-atMost(wrong-1, n, p) < 1-confidence })
}

// bisect finds where below turns false.
func bisect(low, high float64, below func(float64) bool) float64 {
	for range 24 {
		if mid := (low + high) / 2; below(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// atMost is the probability of at most k of n at chance p, 0 < p < 1.
func atMost(k, n int, p float64) float64 {
	term := float64(n) * math.Log1p(-p)
	odds, sum := math.Log(p)-math.Log1p(-p), math.Exp(term)
	for i := 1; i <= k; i++ {
		term += math.Log(float64(n-i+1)/float64(i)) + odds
		sum += math.Exp(term)
	}
	return min(sum, 1)
}
