package dispatch

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzUsageEvents: whatever stands in an outbox, what is published is JSON, fits
// the broker, and holds every record exactly once where there are records.
func FuzzUsageEvents(f *testing.F) {
	for _, s := range []string{"", "[]", `[{"id":"a"},{"id":"b"}]`, "[{", "null", `"x"`, "\xff\x00", `[1,2,"\u0000"]`, " [ ] "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want, got []json.RawMessage
		isList := json.Unmarshal(raw, &want) == nil
		seen := map[string]bool{}
		for _, e := range usageEvents("t1", OutboxEntry{ID: "1-0", Records: raw}, maxEvent) {
			assert.False(t, seen[e.ID])
			seen[e.ID] = true
			require.True(t, json.Valid(e.Data))
			var data struct {
				Records json.RawMessage `json:"records"`
			}
			require.NoError(t, json.Unmarshal(e.Data, &data))
			var part []json.RawMessage
			if json.Unmarshal(data.Records, &part) == nil {
				got = append(got, part...)
			}
		}
		if isList {
			assert.Len(t, got, len(want))
		}
	})
}

// FuzzAnswers: whatever a function answers, every event has an outcome, and no
// garbage acknowledges.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`[{"status":204},{"status":503,"code":"busy","retryAfterMs":5}]`), 2, "7")
	f.Add([]byte(`[{"status":204}]`), 2, "-1")
	f.Add([]byte(`{"error":{"code":"x"}}`), 1, "99999999999999999999")
	f.Fuzz(func(t *testing.T, body []byte, n int, after string) {
		n = n&0xff + 1
		items := readItems(body, n)
		require.Len(t, items, n)
		var list []itemAnswer
		isList := json.Unmarshal(body, &list) == nil && len(list) == n
		for _, o := range items {
			assert.True(t, isList || o.Verdict() == Retry)
			assert.True(t, o.RetryAfter >= 0 && o.RetryAfter <= longestAsked)
		}
		o := readOutcome(&http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {after}}}, body)
		assert.True(t, o.RetryAfter >= 0 && o.RetryAfter <= longestAsked)
	})
}
