package dispatch

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Entries that are merged lose no row, keep the order, and stay small enough for
// an event; what is no array of rows travels alone, as it is.
func TestMergedEntriesHoldEveryRowInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []OutboxEntry
		var rows []string
		n := 0
		for i := range rapid.IntRange(1, 30).Draw(t, "entries") {
			kind := rapid.IntRange(0, 9).Draw(t, "kind")
			raw := "[]"
			if kind > 0 {
				var some []string
				for range rapid.IntRange(1, 4).Draw(t, "rows") {
					pad := strings.Repeat("x", rapid.IntRange(0, maxEvent/6).Draw(t, "size"))
					some = append(some, `{"n":`+strconv.Itoa(n)+`,"pad":"`+pad+`"}`)
					n++
				}
				rows = append(rows, some...)
				raw = "[" + strings.Join(some, ",") + "]"
			}
			in = append(in, OutboxEntry{ID: strconv.Itoa(i) + "-0", Records: []byte(raw)})
		}
		was := make([]string, len(in))
		for i, e := range in {
			was[i] = string(e.Records)
		}
		var got []string
		holds := 0
		for _, e := range merged(in, maxEvent) {
			first, more, _ := strings.Cut(e.ID, "+")
			rest, _ := strconv.Atoi(more)
			require.Equal(t, strconv.Itoa(holds)+"-0", first, "it is known by its first entry")
			holds += rest + 1
			if rest > 0 {
				require.LessOrEqual(t, len(e.Records), maxEvent)
			}
			var some []json.RawMessage
			require.NoError(t, json.Unmarshal(e.Records, &some))
			for _, r := range some {
				got = append(got, string(r))
			}
		}
		require.Equal(t, len(in), holds)
		require.Equal(t, rows, got)
		for i, e := range in {
			require.Equal(t, was[i], string(e.Records), "what was handed in stays as it was")
		}
	})
}
