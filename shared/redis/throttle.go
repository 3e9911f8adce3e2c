package redis

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// throttleStep is how often a call looks again whether another one has ended.
const throttleStep = 25 * time.Millisecond

// roomComes waits, where a limit throttles and room comes back within
// Config.Patience, and reports whether to ask again. until is set by the first
// wait, so that a call waits no longer in all.
func (l *Ledger) roomComes(ctx context.Context, a *answer, until *time.Time) bool {
	x := a.verdict.Exceeded
	if x == nil || x.Limit.Action != dcoder.ActionThrottle || x.Asked > x.Limit.Max || x.Reset.IsZero() {
		return false
	}
	now := time.Now()
	if until.IsZero() {
		*until = now.Add(l.cfg.Patience)
	}
	wait := throttleStep
	if x.Limit.Window != dcoder.WindowNow {
		wait = max(x.Reset.Sub(a.verdict.Time), throttleStep)
	}
	if now.Add(wait).After(*until) {
		return false
	}
	return l.pause(ctx, wait) == nil
}
