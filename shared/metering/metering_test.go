package metering

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func TestPeriodsOfADay(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		assert.NoError(t, err)
		return d
	}
	for _, row := range []struct {
		window         dcoder.Window
		day            string
		name, from, to string
	}{
		{dcoder.WindowDay, "2026-11-22", "2026-11-22", "2026-11-22", "2026-11-23"},
		{dcoder.WindowWeek, "2026-11-22", "2026-W47", "2026-11-16", "2026-11-23"}, // a Sunday
		{dcoder.WindowWeek, "2026-11-23", "2026-W48", "2026-11-23", "2026-11-30"},
		{dcoder.WindowWeek, "2027-01-01", "2026-W53", "2026-12-28", "2027-01-04"}, // the ISO year is the old one
		{dcoder.WindowMonth, "2028-02-29", "2028-02", "2028-02-01", "2028-03-01"},
		{dcoder.WindowMonth, "2026-12-31", "2026-12", "2026-12-01", "2027-01-01"},
	} {
		got, ok := PeriodOf(row.window, day(row.day))
		assert.True(t, ok)
		assert.Equal(t, Period{row.name, day(row.from), day(row.to)}, got)
	}
	_, ok := PeriodOf(dcoder.WindowMinute, day("2026-11-22"))
	assert.False(t, ok)
}

func TestCrossedIsExactForEveryAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := dcoder.Limit{
			Max:    rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "max"),
			Alerts: rapid.SliceOfN(rapid.IntRange(1, 200), 0, 4).Draw(t, "alerts"),
		}
		used := rapid.OneOf(rapid.Int64Range(-10, 1100), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "used")
		got := Crossed(l, used)
		for _, percent := range append(l.Alerts, 100) {
			// used * 100 >= max * percent, in numbers without an end
			left := new(big.Int).Mul(big.NewInt(used), big.NewInt(100))
			right := new(big.Int).Mul(big.NewInt(l.Max), big.NewInt(int64(percent)))
			assert.Equal(t, used > 0 && left.Cmp(right) >= 0, contains(got, percent))
		}
		assert.IsNonDecreasing(t, append([]int{0}, got...))
	})
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

func record() dcoder.UsageRecord {
	return dcoder.UsageRecord{
		V: 1, ID: dcoder.NewID(), Attempt: 1, Revision: 1, Tenant: "t1", Key: "k1", State: dcoder.UsageFinal,
		Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Status: 200,
	}
}

func TestCheckNamesTheFieldAtFault(t *testing.T) {
	good := record()
	assert.NoError(t, Check("t1", &good))
	for field, spoil := range map[string]func(*dcoder.UsageRecord){
		"id":                 func(r *dcoder.UsageRecord) { r.ID = "not-a-uuid" },
		"tenant":             func(r *dcoder.UsageRecord) { r.Tenant = "t2" },
		"attempt":            func(r *dcoder.UsageRecord) { r.Attempt = 0 },
		"revision":           func(r *dcoder.UsageRecord) { r.Revision = -1 },
		"status":             func(r *dcoder.UsageRecord) { r.Status = 70000 },
		"retries":            func(r *dcoder.UsageRecord) { r.Retries = math.MaxInt },
		"time":               func(r *dcoder.UsageRecord) { r.Time = time.Time{} },
		"state":              func(r *dcoder.UsageRecord) { r.State = "" },
		"model_asked":        func(r *dcoder.UsageRecord) { r.ModelAsked = "a\x00b" },
		"error_code":         func(r *dcoder.UsageRecord) { r.ErrorCode = "\xff" },
		"end_user":           func(r *dcoder.UsageRecord) { r.EndUser = strings.Repeat("x", 2000) },
		"tokens.input":       func(r *dcoder.UsageRecord) { r.Tokens.Input = -1 },
		"tokens.output":      func(r *dcoder.UsageRecord) { r.Tokens.Output = math.MaxInt64 },
		"cost":               func(r *dcoder.UsageRecord) { r.Cost = -1 },
		"total_ms":           func(r *dcoder.UsageRecord) { r.TotalMS = -1 },
		"tokens.audio_input": func(r *dcoder.UsageRecord) { r.Tokens.AudioInput = -5 },
	} {
		r := record()
		spoil(&r)
		e := dcoder.AsError(Check("t1", &r))
		assert.Equal(t, 422, e.Status)
		assert.Equal(t, field, e.Field)
	}
}

func TestNewestKeepsOneOfEachIdentityWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{dcoder.NewID(), dcoder.NewID(), dcoder.NewID()}
		var in []dcoder.UsageRecord
		best := map[string]int{}
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			r := record()
			r.ID = rapid.SampledFrom(ids).Draw(t, "id")
			r.Revision = rapid.IntRange(1, 9).Draw(t, "revision")
			in = append(in, r)
			best[r.ID] = max(best[r.ID], r.Revision)
		}
		got := Newest(in)
		assert.Len(t, got, len(best))
		for i, r := range got {
			assert.Equal(t, best[r.ID], r.Revision)
			assert.True(t, i == 0 || got[i-1].ID < r.ID)
		}
	})
}
