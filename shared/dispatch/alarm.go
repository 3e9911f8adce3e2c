package dispatch

import (
	"log/slog"
	"sync"
	"time"
)

// report writes down a failed delivery: a misconfiguration as an alarm, seldom,
// since every event would repeat it.
func (l *lanes) report(it *item, o Outcome, v Verdict) {
	attrs := []any{
		"function", l.target.Function, "tenant", it.event.Tenant, "type", it.event.Type,
		"event", it.event.ID, "status", o.Status, "code", o.Code, "failures", it.failures, "err", o.Cause,
	}
	switch {
	case v == Misconfigured && l.alarms.ready():
		slog.Error("function refuses the dispatcher: check DCODER_EVENT_SECRETS on both sides", append(attrs, "alarm", "dispatcher_refused")...)
	case v == Bury:
		slog.Error("event given up", attrs...)
	default:
		slog.Debug("delivery failed", attrs...)
	}
}

// throttle lets through one in every period.
type throttle struct {
	every time.Duration

	mu   sync.Mutex
	next time.Time
}

func (t *throttle) ready() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Before(t.next) {
		return false
	}
	t.next = now.Add(t.every)
	return true
}
