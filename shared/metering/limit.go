package metering

import (
	"math/bits"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Crossed returns the thresholds of a limit that use has reached, ascending: its
// alerts, and 100 per cent always. used is in the metric's unit.
func Crossed(l dcoder.Limit, used int64) []int {
	var out []int
	for _, percent := range append(slices.Clone(l.Alerts), 100) {
		if percent > 0 && percent <= 1000 && reached(l.Max, used, int64(percent)) {
			out = append(out, percent)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reached reports used/limit >= percent/100 without overflow. Of nothing, the first
// use reaches every threshold.
func reached(limit, used, percent int64) bool {
	if used <= 0 || limit < 0 {
		return false
	}
	usedHigh, usedLow := bits.Mul64(uint64(used), 100)
	wantHigh, wantLow := bits.Mul64(uint64(limit), uint64(percent))
	return usedHigh > wantHigh || usedHigh == wantHigh && usedLow >= wantLow
}

// Step is by how much use must at least move before it is worth announcing: a
// twentieth of the limit. Beyond the limit a store takes a twentieth of the use
// itself, so that announcements stay few however far use goes.
func Step(l dcoder.Limit) int64 { return max(l.Max/20, 0) }
