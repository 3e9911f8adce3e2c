package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestRulesOfDelivery(t *testing.T) {
	for status, want := range map[int]Verdict{
		0: Retry, 100: Retry, 200: Ack, 202: Ack, 204: Ack, 299: Ack, 301: Retry, 307: Retry,
		400: Bury, 401: Misconfigured, 403: Misconfigured, 404: Retry, 408: Retry, 409: Bury, 413: Bury, 421: Misconfigured,
		422: Bury, 425: Retry, 429: Retry, 499: Bury, 500: Retry, 502: Retry, 503: Retry, 504: Retry, 599: Retry,
	} {
		assert.Equal(t, want, Outcome{Status: status}.Verdict(), "status %d", status)
	}
	assert.Equal(t, Retry, Outcome{Cause: errors.New("connection refused")}.Verdict())
}

func TestPausesGrowAndHonourWhatWasAskedWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-3, 1000).Draw(t, "failures")
		asked := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "asked"))
		p := Outcome{RetryAfter: asked}.pause(n, rapid.Float64Range(0, 1).Draw(t, "jitter"))
		assert.GreaterOrEqual(t, p, backoff(n))
		assert.GreaterOrEqual(t, p, min(asked, longestAsked))
		assert.LessOrEqual(t, p, longestAsked*5/4+1)
		assert.LessOrEqual(t, backoff(n), backoff(n+1))
	})
}

func TestUsageEventsDependOnTheEntryAlone(t *testing.T) {
	small := OutboxEntry{ID: "1-0", Records: []byte(`[{"id":"a"}]`)}
	got := usageEvents("t1", small, maxEvent)
	assert.Len(t, got, 1)
	assert.Equal(t, "t1-1-0", got[0].ID)
	assert.JSONEq(t, `{"records":[{"id":"a"}]}`, string(got[0].Data))

	rows := "["
	for i := range 3000 {
		rows += fmt.Sprintf(`%s{"id":"%0500d"}`, map[bool]string{true: ","}[i > 0], i)
	}
	large := OutboxEntry{ID: "2-0", Records: []byte(rows + "]")}
	parts := usageEvents("t1", large, maxEvent)
	again := usageEvents("t1", large, maxEvent)
	assert.Greater(t, len(parts), 2)
	for i := range parts {
		assert.LessOrEqual(t, len(parts[i].Data), 1<<20)
		assert.Equal(t, parts[i].ID, again[i].ID)
		assert.Equal(t, parts[i].Data, again[i].Data)
	}
	assert.NotEqual(t, parts[0].ID, parts[1].ID)

	broken := usageEvents("t1", OutboxEntry{ID: "3-0", Records: []byte("[{")}, maxEvent)
	assert.JSONEq(t, `{"records":"[{"}`, string(broken[0].Data), "valid JSON that no handler takes for records")
}

func TestSplitKeepsEveryRowInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "rows")
		size := rapid.IntRange(1, 200).Draw(t, "size")
		var want, got []string
		rows := rapid.SliceOfN(rapid.StringN(0, 80, 80), n, n).Draw(t, "texts")
		raw := make([]json.RawMessage, n)
		for i, r := range rows {
			raw[i] = json.RawMessage(r)
		}
		for _, r := range raw {
			want = append(want, string(r))
		}
		for _, part := range split(raw, size) {
			sum := 0
			for _, r := range part {
				got = append(got, string(r))
				sum += len(r) + 1
			}
			assert.True(t, len(part) <= 1 || sum <= size+1)
		}
		assert.Equal(t, want, got)
	})
}
