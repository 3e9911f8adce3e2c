package llm

import (
	"net/http"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// roomMetrics are the metrics whose room is told in headers.
var roomMetrics = [3]dcoder.Metric{dcoder.MetricRequests, dcoder.MetricTokens, dcoder.MetricParallel}

// roomHeaders are the headers of roomMetrics, in canonical form.
var roomHeaders = [9]string{
	"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests",
	"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens",
	"X-Ratelimit-Limit-Parallel", "X-Ratelimit-Remaining-Parallel", "X-Ratelimit-Reset-Parallel",
}

// SetRoom writes the rate-limit headers of a verdict: of each metric the limit
// of which the least is left. All values share one string.
func (v *Verdict) SetRoom(h http.Header) {
	if len(v.Room) == 0 {
		return
	}
	var (
		room [256]byte
		text = room[:0]
		ends [9]int
	)
	for i, m := range roomMetrics {
		if r := v.least(m); r != nil {
			text = strconv.AppendInt(text, r.Limit.Max, 10)
			ends[3*i] = len(text)
			text = strconv.AppendInt(text, max(r.Remaining, 0), 10)
			ends[3*i+1] = len(text)
			text = appendReset(text, v.Time, r.Reset)
			ends[3*i+2] = len(text)
		}
	}
	values, whole, from := new([9]string), string(text), 0
	for i, end := range ends {
		if end > 0 {
			values[i], from = whole[from:end], end
			h[roomHeaders[i]] = values[i : i+1 : i+1]
		}
	}
}

// least returns the limit of a metric of which the least is left, nil for none.
func (v *Verdict) least(m dcoder.Metric) (least *Room) {
	for i := range v.Room {
		if r := &v.Room[i]; r.Limit.Metric == m && (least == nil || r.Remaining < least.Remaining) {
			least = r
		}
	}
	return least
}

// appendReset writes the time until at as OpenAI does: "1s", "6m0s", "25h0m0s".
func appendReset(b []byte, now, at time.Time) []byte {
	if at.IsZero() || !at.After(now) {
		return append(b, "0s"...)
	}
	left := int64(at.Sub(now).Round(time.Second) / time.Second)
	if left >= 3600 {
		b = append(strconv.AppendInt(b, left/3600, 10), 'h')
	}
	if left >= 60 {
		b = append(strconv.AppendInt(b, left/60%60, 10), 'm')
	}
	return append(strconv.AppendInt(b, left%60, 10), 's')
}
