package llm

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

func TestRoomIsToldOfTheTightestLimit(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	room := func(m dcoder.Metric, most, left int64, reset time.Duration) Room {
		return Room{Limit: dcoder.Limit{Metric: m, Max: most}, Remaining: left, Reset: now.Add(reset)}
	}
	v := Verdict{Time: now, Room: []Room{
		room(dcoder.MetricRequests, 100, 40, time.Minute), room(dcoder.MetricRequests, 10, 3, time.Second),
		room(dcoder.MetricParallel, 8, -1, 0),
	}}
	h := http.Header{}
	v.SetRoom(h)
	require.Equal(t, http.Header{
		"X-Ratelimit-Limit-Requests": {"10"}, "X-Ratelimit-Remaining-Requests": {"3"}, "X-Ratelimit-Reset-Requests": {"1s"},
		"X-Ratelimit-Limit-Parallel": {"8"}, "X-Ratelimit-Remaining-Parallel": {"0"}, "X-Ratelimit-Reset-Parallel": {"0s"},
	}, h)
	h = http.Header{}
	(&Verdict{}).SetRoom(h)
	require.Empty(t, h)
}

// A reset is written as time.Duration writes whole seconds.
func TestResetIsADuration(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for range 10_000 {
		d := time.Duration(rand.Int64N(int64(40*24*time.Hour))) + time.Second
		require.Equal(t, d.Round(time.Second).String(), string(appendReset(nil, now, now.Add(d))))
	}
}
