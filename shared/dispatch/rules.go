package dispatch

import (
	"net/http"
	"time"
)

// Outcome is what became of one event at a function's door.
type Outcome struct {
	Status     int           // HTTP status; 0 when the function was not reached
	Code       string        // the function's stable error code, "" when it named none
	RetryAfter time.Duration // what the function asked for, 0 when it asked nothing
	Cause      error         // why it was not reached
}

// Verdict is what happens to the event next.
type Verdict int

// The verdicts.
const (
	Ack           Verdict = iota // done
	Retry                        // again after a back-off
	Misconfigured                // again after a back-off, and an alarm: our keys or routes are wrong, never the event
	Bury                         // a dead letter: a repeat would fail the same way
)

// Verdict applies the rules of delivery. A 404 is a function that is not (yet)
// there, so it is retried; a redirect has no business here and is retried too.
func (o Outcome) Verdict() Verdict {
	switch s := o.Status; {
	case s >= 200 && s < 300:
		return Ack
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusMisdirectedRequest:
		return Misconfigured
	case s == http.StatusNotFound, s == http.StatusRequestTimeout,
		s == http.StatusTooEarly, s == http.StatusTooManyRequests:
		return Retry
	case s >= 400 && s < 500:
		return Bury
	default:
		return Retry
	}
}

const (
	// parkAfter is how many failures an event may have beside fresh ones.
	parkAfter = 3
	// giveUpAfter is how many failures in all make a dead letter: about three
	// days of back-off. A misconfiguration of ours never does.
	giveUpAfter = 500
	// longestAsked caps a function's Retry-After.
	longestAsked = 10 * time.Minute
)

// backoff is the pause after the n-th failure (from 1), before jitter.
func backoff(n int) time.Duration {
	steps := []time.Duration{time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second}
	switch {
	case n <= len(steps):
		return steps[max(n, 1)-1]
	case n <= 60:
		return time.Minute
	default:
		return 10 * time.Minute
	}
}

// pause is how long to wait after the n-th failure: the back-off, or what the
// function asked for when that is longer, with up to a quarter of jitter. jitter
// is 0 to 1 and the same for a batch, so that what failed together comes back
// together.
func (o Outcome) pause(n int, jitter float64) time.Duration {
	d := max(backoff(n), min(o.RetryAfter, longestAsked))
	return d + time.Duration(float64(d/4)*jitter)
}
