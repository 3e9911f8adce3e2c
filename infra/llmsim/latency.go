package llmsim

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Latency is the pace of an answer.
type Latency struct {
	Headers    Duration `json:"headers,omitempty"`     // before the status line
	FirstToken Duration `json:"first_token,omitempty"` // after the headers of a stream; a plain answer waits for all of its tokens
	PerToken   Duration `json:"per_token,omitempty"`   // between tokens
}

// plus returns l with the fields that o sets.
func (l Latency) plus(o Latency) Latency {
	if o.Headers > 0 {
		l.Headers = o.Headers
	}
	if o.FirstToken > 0 {
		l.FirstToken = o.FirstToken
	}
	if o.PerToken > 0 {
		l.PerToken = o.PerToken
	}
	return l
}

// Duration is a time.Duration that JSON writes as "250ms" and reads as that or
// as a number of milliseconds.
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var ms float64
	if json.Unmarshal(b, &ms) == nil {
		*d = Duration(ms * float64(time.Millisecond))
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a duration is a string like \"250ms\" or milliseconds: %w", err)
	}
	v, err := time.ParseDuration(s)
	*d = Duration(v)
	return err
}

// wait sleeps for d, or until ctx ends.
func wait(ctx context.Context, d Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(time.Duration(d))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
