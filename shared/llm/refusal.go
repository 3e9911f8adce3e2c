package llm

import (
	"net/http"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// longestRetry is the most that a Retry-After asks for: stock clients sleep all
// of it. When room really comes back stands in the body.
const longestRetry = 60 * time.Second

// refuse turns the ledger's no into a 429 that names the scope, the limit, what
// is used and when it resets.
func refuse(v *Verdict) error {
	x := v.Exceeded
	if x == nil {
		return dcoder.Internal(nil)
	}
	e := &dcoder.Error{
		Status: http.StatusTooManyRequests, Message: refusalText(x),
		Details: map[string]any{
			"scope": x.Limit.Scope, "metric": x.Limit.Metric, "window": x.Limit.Window, "action": x.Limit.Action,
			"limit": x.Limit.Max, "used": x.Used, "reserved": x.Reserved, "asked": x.Asked,
		},
	}
	if x.Limit.Subject != "" {
		e.Details["subject"] = x.Limit.Subject
	}
	if x.Limit.Model != "" {
		e.Details["model"] = x.Limit.Model
	}
	if !x.Reset.IsZero() {
		e.Details["reset"] = x.Reset.UTC().Format(time.RFC3339)
	}
	x.advise(e, v.Time)
	return e
}

// advise says whether a retry helps, and when: soon where room comes back soon
// or where the limit throttles; never where somebody must decide first.
func (x *Exceeded) advise(e *dcoder.Error, now time.Time) {
	if now.IsZero() {
		now = time.Now()
	}
	wait := max(x.Reset.Sub(now), time.Second)
	soon := x.Limit.Window == dcoder.WindowMinute || x.Limit.Window == dcoder.WindowNow
	switch {
	case x.Limit.Action == dcoder.ActionApprove:
		e.Code, e.NoRetry = "approval_required", true
	case x.Limit.Action == dcoder.ActionThrottle:
		e.Code, e.RetryAfter, e.NoRetry = "throttled", min(wait, longestRetry), x.Asked > x.Limit.Max
	case soon:
		e.Code, e.RetryAfter, e.NoRetry = "rate_limit_exceeded", min(wait, longestRetry), x.Asked > x.Limit.Max
	case x.Limit.Metric == dcoder.MetricMoney:
		e.Code, e.NoRetry = "budget_exceeded", true
	default:
		e.Code, e.NoRetry = "quota_exceeded", true
	}
}

var units = map[dcoder.Metric]string{
	dcoder.MetricRequests: "requests", dcoder.MetricTokens: "tokens", dcoder.MetricMoney: "micro-units of money",
	dcoder.MetricParallel: "requests in flight",
}

func refusalText(x *Exceeded) string {
	whose := "this " + string(x.Limit.Scope)
	if x.Limit.Scope == dcoder.ScopePlatform {
		whose = "the platform"
	}
	if x.Limit.Model != "" {
		whose += " for the model " + quoted(x.Limit.Model)
	}
	s := "the limit of " + whose + " is reached: " + strconv.FormatInt(x.Limit.Max, 10) + " " + units[x.Limit.Metric]
	if x.Limit.Window != dcoder.WindowNow {
		s += " a " + string(x.Limit.Window) + ", used " + strconv.FormatInt(x.Used, 10)
	}
	s += ", held by running calls " + strconv.FormatInt(x.Reserved, 10) + ", this call needs " + strconv.FormatInt(x.Asked, 10)
	if !x.Reset.IsZero() && x.Limit.Window != dcoder.WindowNow {
		s += "; it resets at " + x.Reset.UTC().Format(time.RFC3339)
	}
	if x.Limit.Action == dcoder.ActionApprove {
		s += "; ask for more with POST /v1/approvals, and call again when that is approved"
	}
	return s
}
