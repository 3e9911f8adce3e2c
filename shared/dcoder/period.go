package dcoder

import "time"

// Bounds returns the calendar period of the window that holds at: from start,
// up to but without end, in the given zone. Weeks begin on Monday (ISO 8601). A
// period begins at the first instant of its first local date, also where the
// clocks are changed at midnight. A minute is a minute of the Unix clock; "now" is
// the moment itself, and room may come back in a second.
func (w Window) Bounds(at time.Time, zone *time.Location) (start, end time.Time) {
	switch w {
	case WindowNow:
		return at, at.Add(time.Second)
	case WindowMinute:
		start = at.UTC().Truncate(time.Minute)
		return start, start.Add(time.Minute)
	}
	y, m, d := at.In(zone).Date()
	switch w {
	case WindowMonth:
		return firstInstant(y, m, 1, zone), firstInstant(y, m+1, 1, zone)
	case WindowWeek:
		monday := d - (int(at.In(zone).Weekday())+6)%7
		return firstInstant(y, m, monday, zone), firstInstant(y, m, monday+7, zone)
	default:
		return firstInstant(y, m, d, zone), firstInstant(y, m, d+1, zone)
	}
}

// firstInstant returns when a local date begins. time.Date alone does not say
// which instant it means when midnight is skipped or comes twice.
func firstInstant(y int, m time.Month, d int, zone *time.Location) time.Time {
	noon := time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	y, m, d = noon.Date() // normalised
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if !sameDate(t, y, m, d) { // midnight is skipped and t stands before the gap
		_, t = t.ZoneBounds()
		return t
	}
	begin, _ := t.ZoneBounds()
	if begin.IsZero() {
		return t
	}
	_, before := begin.Add(-time.Second).Zone()
	_, offset := t.Zone()
	earlier := t.Add(time.Duration(offset-before) * time.Second)
	if earlier.Before(begin) && sameDate(earlier, y, m, d) { // midnight comes twice
		return earlier
	}
	return t
}

func sameDate(t time.Time, y int, m time.Month, d int) bool {
	ty, tm, td := t.Date()
	return ty == y && tm == m && td == d
}
