package llm

import (
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// cooling refuses a call whose every deployment is to be left alone, and says
// when the first of them may be called; nil while one may be.
func cooling(req *Request, now time.Time) error {
	var first *health
	var wait time.Duration
	for i := range req.Candidates {
		h := req.Candidates[i].health
		w := h.wait(now)
		if w == 0 {
			return nil
		}
		if first == nil || w < wait {
			first, wait = h, w
		}
	}
	return coolingFailure(req, first.cause(), now, wait)
}

// coolingFailure is a 429 where a rate limit is the cause and a 503 otherwise. A
// refused credential is told as that: waiting does not mend it.
func coolingFailure(req *Request, cause *dcoder.Error, now time.Time, wait time.Duration) error {
	e := &dcoder.Error{
		Status: http.StatusServiceUnavailable, Code: "deployment_cooling_down", RetryAfter: wait,
		Message: "the provider of " + quoted(req.Model) + " has failed and is left alone for a while; try again later",
	}
	if cause == nil {
		return &Failure{Public: e, Retry: true, After: wait}
	}
	if cause.NoRetry {
		return &Failure{Public: cause, After: wait}
	}
	if cause.Status == http.StatusTooManyRequests {
		e.Status, e.Code = http.StatusTooManyRequests, "provider_rate_limited"
		e.Message = "the provider of " + quoted(req.Model) + " asks to be left alone; try again later"
	}
	e.Details = map[string]any{"reset": now.Add(wait).UTC().Format(time.RFC3339), "cause": cause.Code}
	return &Failure{Public: e, Retry: true, After: wait}
}
