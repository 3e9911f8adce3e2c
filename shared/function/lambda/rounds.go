package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// rounds does what is due at the minute of the schedule's tick: all that is due
// every minute, the rest in turn. One that fails does not keep others from theirs.
func (d *Door) rounds(ctx context.Context, at time.Time) error {
	if at.IsZero() {
		at = time.Now()
	}
	var failed []error
	for _, r := range d.options.Rounds {
		if !r.due(at) {
			continue
		}
		if err := r.Do(ctx); err != nil {
			slog.WarnContext(ctx, "round failed", "round", r.Name, "error", err.Error())
			failed = append(failed, fmt.Errorf("%s: %w", r.Name, err))
		}
	}
	return errors.Join(failed...)
}

func (r Round) due(at time.Time) bool {
	every := max(int64(r.Every/time.Minute), 1)
	return at.Unix()/60%every == 0
}
