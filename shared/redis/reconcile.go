package redis

import (
	"context"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// reconcileHolds keeps a second process from correcting the same drift.
const reconcileHolds = 10 * time.Second

// Reconcile compares a tenant's counters of calendar periods with its rows, and
// corrects those that have drifted; subjects must be filled in. It returns how
// many it corrected.
//
// A row is written after its counter moved. So rows beyond a counter that was read
// after them are a drift, and are added. A counter beyond the rows that were read
// after it is one only when every row has arrived: delivered, asked in between,
// says so; nil never lowers a counter.
func (l *Ledger) Reconcile(ctx context.Context, tenant, zone string, limits []dcoder.Limit, delivered func(context.Context) (bool, error)) (int, error) {
	b := l.book(tenant)
	limits = calendarOnly(limits)
	if len(limits) == 0 {
		return 0, nil
	}
	lock := "{" + tenant + "}:reconcile"
	mine, err := l.client.SetNX(ctx, lock, 1, reconcileHolds).Result()
	if err != nil || !mine {
		return 0, err
	}
	defer l.client.Del(context.WithoutCancel(ctx), lock)
	set, err := compile(limits, zone, l.clock.now())
	if err != nil {
		return 0, dcoder.Internal(err)
	}
	before, newest, now, err := l.readAll(ctx, b, set)
	if err != nil {
		return 0, err
	}
	arrived := false
	if delivered != nil {
		if arrived, err = delivered(ctx); err != nil {
			return 0, fmt.Errorf("ask whether all rows have arrived: %w", err)
		}
	}
	rows, err := l.before(ctx, b, zone, limits, claim{at: now, newest: newest})
	if err != nil {
		return 0, fmt.Errorf("sum the rows: %w", err)
	}
	after, _, _, err := l.readAll(ctx, b, set)
	if err != nil {
		return 0, err
	}
	return l.correct(ctx, b, set, rows, before, after, arrived)
}

func calendarOnly(limits []dcoder.Limit) (out []dcoder.Limit) {
	for _, l := range limits {
		if l.Window != dcoder.WindowMinute && !momentary(l) {
			out = append(out, l)
		}
	}
	return out
}

// readAll reads the counters of a set and the newest entry of the outbox at one
// moment.
func (l *Ledger) readAll(ctx context.Context, b *book, set *limitSet) (all []counter, newest string, now time.Time, err error) {
	if now, err = l.scripts.now(ctx, l.client, b.ledger); err != nil {
		return nil, "", now, err
	}
	names := make([]string, len(set.fields))
	for i := range set.fields {
		names[i] = set.fields[i].name
	}
	p := l.client.TxPipeline()
	texts, last := p.HMGet(ctx, b.ledger, names...), p.XRevRangeN(ctx, b.outbox, "+", "-", 1)
	if _, err := p.Exec(ctx); err != nil && ignoreNil(err) != nil {
		return nil, "", now, fmt.Errorf("read the counters: %w", err)
	}
	all = make([]counter, len(names))
	for i, v := range texts.Val() {
		if text, ok := v.(string); ok && len(text) == counterSize {
			all[i] = counterAt(text, 0)
		}
	}
	return all, newestOf(last.Val()), now, nil
}

func newestOf(entries []goredis.XMessage) string {
	if len(entries) == 0 {
		return ""
	}
	return entries[0].ID
}

func (l *Ledger) correct(ctx context.Context, b *book, set *limitSet, rows []int64, before, after []counter, arrived bool) (int, error) {
	var cal calendar
	if err := cal.at(l.clock.now(), set.zone); err != nil {
		return 0, dcoder.Internal(err)
	}
	fixed := 0
	for i, at := range set.of {
		f, first, last := &set.fields[at], before[at], after[at]
		start := float64(cal.starts[f.window])
		if first.start != start || last.start != start { // unknown, or of another period
			continue
		}
		var by int64
		switch {
		case rows[i] > int64(last.settled):
			by = rows[i] - int64(last.settled)
		case arrived && rows[i] < int64(first.settled):
			by = rows[i] - int64(first.settled)
		default:
			continue
		}
		n, err := l.scripts.correct.run(ctx, l.client, []string{b.ledger}, f.name, int64(start), by).Int()
		if err != nil {
			return fixed, fmt.Errorf("correct %s: %w", f.name, err)
		}
		fixed += n
		l.cfg.Log.Warn("a counter had drifted from the rows", "tenant", b.tenant, "counter", f.name, "by", by, "rows", rows[i])
	}
	return fixed, nil
}
