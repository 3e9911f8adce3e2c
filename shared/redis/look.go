package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Look reads how far the limits of a tenant have come; subjects must be filled
// in. Of a limit of the platform it reads what all tenants have leased. Nothing
// changes by it.
func (l *Ledger) Look(ctx context.Context, tenant, zone string, limits []dcoder.Limit) ([]dcoder.Standing, error) {
	now, err := l.scripts.now(ctx, l.client, namesOf(tenant).ledger)
	if err != nil {
		return nil, unavailable(err, time.Second)
	}
	l.clock.set(now)
	set, err := compile(limits, zone, now)
	if err != nil {
		return nil, dcoder.Internal(err)
	}
	var cal calendar
	if err := cal.at(now, zone); err != nil {
		return nil, dcoder.Internal(err)
	}
	out := make([]dcoder.Standing, len(limits))
	if err := l.lookOwn(ctx, tenant, set, &cal, now, out); err != nil {
		return nil, unavailable(err, time.Second)
	}
	for _, sh := range set.shares {
		if out[sh.at], err = l.lookShare(ctx, sh, &set.limits[sh.at], now); err != nil {
			return nil, unavailable(err, time.Second)
		}
	}
	return out, nil
}

func (l *Ledger) lookOwn(ctx context.Context, tenant string, set *limitSet, cal *calendar, now time.Time, out []dcoder.Standing) error {
	if len(set.fields) == 0 {
		return nil
	}
	names := make([]string, len(set.fields))
	for i := range set.fields {
		names[i] = set.fields[i].name
	}
	texts, err := l.client.HMGet(ctx, namesOf(tenant).ledger, names...).Result()
	if err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	for i, at := range set.of {
		if at < 0 {
			continue
		}
		f := &set.fields[at]
		out[i].Reset = cal.ends[f.window].UTC()
		if f.window == lasting {
			out[i].Reset = now.Add(time.Second)
		}
		text, _ := texts[at].(string)
		if len(text) != counterSize || floatAt(text, 0) < 0 {
			continue
		}
		c := counterAt(text, 0).roll(f.window, cal.starts[f.window])
		out[i].Used, out[i].Reserved, out[i].Known = c.used(windows[f.window], now), int64(c.reserved), true
	}
	return nil
}

// roll is the counter in the slot that begins at start, as the scripts move it.
func (c counter) roll(window int, start int64) counter {
	if c.start >= float64(start) {
		return c
	}
	next := counter{start: float64(start)}
	if window == 0 && c.start == float64(start-60) {
		next.before = c.settled + c.reserved
	}
	return next
}

func (l *Ledger) lookShare(ctx context.Context, sh share, limit *dcoder.Limit, now time.Time) (s dcoder.Standing, err error) {
	pot, end := sh.pot(limit, now)
	text, err := l.client.HGet(ctx, leasesKey, pot).Result()
	if ignoreNil(err) != nil {
		return s, fmt.Errorf("read leases: %w", err)
	}
	s.Reset = end
	if end.IsZero() {
		s.Reset = now.Add(time.Second)
	}
	if err == nil {
		s.Known = true
		s.Used, _ = strconv.ParseInt(text, 10, 64)
	}
	return s, nil
}
