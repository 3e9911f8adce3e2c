package dcoder_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// zones have clocks that change at night, at midnight, by half hours, or skip
// whole days.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut",
	"Australia/Lord_Howe", "Pacific/Apia", "America/Havana", "Asia/Kathmandu", "America/Asuncion", "Asia/Tehran",
}

func TestBoundsHoldTheInstantAndTileTheCalendar(t *testing.T) {
	t.Parallel()
	windows := []dcoder.Window{dcoder.WindowMinute, dcoder.WindowDay, dcoder.WindowWeek, dcoder.WindowMonth}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		require.NoError(t, err)
		w := rapid.SampledFrom(windows).Draw(t, "window")
		at := time.Unix(rapid.Int64Range(0, 2_200_000_000).Draw(t, "at"), 0)

		start, end := w.Bounds(at, zone)
		require.False(t, at.Before(start), "%s begins %s after %s", w, start, at)
		require.True(t, at.Before(end), "%s ends %s before %s", w, end, at)
		next, _ := w.Bounds(end, zone)
		require.True(t, end.Equal(next), "%s: next begins %s, not %s", w, next, end)
		_, previous := w.Bounds(start.Add(-time.Nanosecond), zone)
		require.True(t, start.Equal(previous), "%s: previous ends %s, not %s", w, previous, start)
	})
}

func TestBoundsWhereClocksChange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone, at, start, end string
		window               dcoder.Window
	}{
		{"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", dcoder.WindowDay},
		{"Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", dcoder.WindowDay},
		{"Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z", dcoder.WindowDay}, // midnight is skipped
		{"Europe/Berlin", "2026-10-31T23:30:00Z", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z", dcoder.WindowMonth},
		{"UTC", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", dcoder.WindowWeek},
	}
	for _, tt := range tests {
		t.Run(tt.zone+" "+tt.at, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tt.zone)
			require.NoError(t, err)
			at, err := time.Parse(time.RFC3339, tt.at)
			require.NoError(t, err)
			start, end := tt.window.Bounds(at, zone)
			require.Equal(t, tt.start, start.UTC().Format(time.RFC3339))
			require.Equal(t, tt.end, end.UTC().Format(time.RFC3339))
		})
	}
}
