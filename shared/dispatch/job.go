package dispatch

import (
	"context"
	"log/slog"
	"time"
)

// Job is something that is done over and over: the relay, the ledger's sweeper,
// the sweep of the databases' outboxes.
type Job struct {
	Name  string
	Every time.Duration // pause between two rounds
	Limit time.Duration // longest round; default 1 min
	Do    func(context.Context) error
}

// Run does the job until ctx ends. A failed round is logged; the pause then
// doubles, to 5 s at most (or Every, where that is longer), so that work goes on
// soon after whatever was away is back.
func (j Job) Run(ctx context.Context) {
	pause := j.Every
	for {
		if err := j.once(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("job failed", "job", j.Name, "err", err)
			pause = min(pause*2, max(j.Every, 5*time.Second))
		} else {
			pause = j.Every
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

func (j Job) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cmpOr(j.Limit, time.Minute))
	defer cancel()
	return j.Do(ctx)
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func cmpOr[T int | time.Duration](d, otherwise T) T {
	if d <= 0 {
		return otherwise
	}
	return d
}
