package metering

import (
	"fmt"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Period is a run of calendar days, From included and To not. Days are midnights
// in UTC that stand for days of the tenant's calendar.
type Period struct {
	Name     string // "2026-11-22", "2026-W47" (ISO 8601), "2026-11"
	From, To time.Time
}

// PeriodOf returns the day, week or month that a calendar day belongs to; ok is
// false for a window that is no calendar period.
func PeriodOf(w dcoder.Window, day time.Time) (p Period, ok bool) {
	p.From, p.To = w.Bounds(day, time.UTC)
	switch w {
	case dcoder.WindowDay:
		p.Name = p.From.Format(time.DateOnly)
	case dcoder.WindowWeek:
		year, week := p.From.ISOWeek()
		p.Name = fmt.Sprintf("%d-W%02d", year, week)
	case dcoder.WindowMonth:
		p.Name = p.From.Format("2006-01")
	default:
		return Period{}, false
	}
	return p, true
}
