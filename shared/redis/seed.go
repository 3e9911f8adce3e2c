package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Seeder tells what was used before Redis knew: for each limit the sum over the
// tenant's usage rows of its current period in the time zone (dcoder.Window.Bounds),
// or of the last minute before at. Rows that still wait in the outbox are added
// by the ledger.
type Seeder interface {
	Seed(ctx context.Context, tenant, timezone string, limits []dcoder.Limit, at time.Time) ([]int64, error)
}

// ExactSeeder is a Seeder that can leave out what it holds already of the rows
// that wait in the outbox (by id and attempt): the sums then include waiting and
// count no row twice, whatever moves meanwhile.
type ExactSeeder interface {
	SeedWith(ctx context.Context, tenant, timezone string, limits []dcoder.Limit, at time.Time, waiting []dcoder.UsageRecord) ([]int64, error)
}

const (
	seedTimeout = 2 * time.Second
	claimHolds  = 3 * time.Second // longer than seedTimeout: nobody takes over a claim that is worked on
	claimPause  = 10 * time.Millisecond
)

// seed gives the unknown counters of a set their values. One goroutine of a
// process at a time does it for a tenant, one process at a time for a counter.
func (l *Ledger) seed(ctx context.Context, b *book, set *limitSet, until time.Time) error {
	b.mu.Lock()
	busy := b.seeding
	mine := busy == nil
	if mine {
		busy = make(chan struct{})
		b.seeding = busy
	}
	b.mu.Unlock()
	if !mine {
		select {
		case <-busy:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() {
		b.mu.Lock()
		b.seeding = nil
		b.mu.Unlock()
		close(busy)
	}()
	// The seed serves all who wait, so it does not end with the one who leads.
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	if err := l.seedNow(ctx, b, set); err != nil {
		return recovering(err)
	}
	return nil
}

// claim is what the mark script says.
type claim struct {
	token  string
	at     time.Time
	codes  string // for each field: K known, B somebody seeds it, M ours
	newest string // entry of the outbox
}

func (l *Ledger) seedNow(ctx context.Context, b *book, set *limitSet) error {
	c, err := l.mark(ctx, b, set)
	if err != nil {
		return err
	}
	limits, fields := set.marked(c.codes)
	if len(limits) == 0 {
		return l.pause(ctx, claimPause)
	}
	ctx, cancel := context.WithTimeout(ctx, seedTimeout)
	defer cancel()
	sums, err := l.before(ctx, b, set.zone, limits, c)
	args := []any{c.token}
	for i, f := range fields {
		value := raw(nil)
		if err == nil {
			value = appendNumber(nil, sums[i])
		}
		args = append(args, f.boxed, &value)
	}
	done := l.scripts.seed.run(context.WithoutCancel(ctx), l.client, []string{b.ledger}, args...)
	if err != nil {
		return fmt.Errorf("seed the ledger: %w", err)
	}
	if done.Err() != nil {
		return fmt.Errorf("seed the ledger: %w", done.Err())
	}
	l.cfg.Log.Info("ledger seeded", "tenant", b.tenant, "counters", len(fields), "waiting", c.newest != "")
	return nil
}

// marked returns the fields that are ours to seed, and a limit of each.
func (s *limitSet) marked(codes string) ([]dcoder.Limit, []*field) {
	var limits []dcoder.Limit
	var fields []*field
	for i := range s.fields {
		if codes[i] != 'M' {
			continue
		}
		for j, at := range s.of {
			if at == i {
				limits, fields = append(limits, s.limits[j]), append(fields, &s.fields[i])
				break
			}
		}
	}
	return limits, fields
}

func (l *Ledger) mark(ctx context.Context, b *book, set *limitSet) (claim, error) {
	for range 3 {
		var cal calendar
		if err := cal.at(l.clock.now(), set.zone); err != nil {
			return claim{}, err
		}
		first := raw(appendHead(nil, head{counters: len(set.fields)}, &cal, 0))
		var packed raw
		args := []any{&first, &packed, claimHolds.Microseconds()}
		for i := range set.fields {
			f := &set.fields[i]
			packed = append(packed, f.kind())
			packed = append(packed, make([]byte, 16)...)
			args = append(args, f.boxed)
		}
		v, err := l.scripts.mark.run(ctx, l.client, []string{b.ledger, b.outbox}, args...).StringSlice()
		if err != nil {
			return claim{}, fmt.Errorf("claim counters: %w", err)
		}
		if len(v) < 2 || len(v[1]) != 8 {
			return claim{}, fmt.Errorf("claim counters: %d values", len(v))
		}
		at := time.UnixMicro(numberAt(v[1], 0)).UTC()
		l.clock.set(at)
		if len(v) == 4 && len(v[2]) == len(set.fields) {
			return claim{token: v[1], at: at, codes: v[2], newest: v[3]}, nil
		}
	}
	return claim{}, fmt.Errorf("claim counters: the clock does not settle")
}

// before returns what was used before the claim: the rows that wait, read first
// so that none that moves meanwhile is missed, and what the table holds.
func (l *Ledger) before(ctx context.Context, b *book, zone string, limits []dcoder.Limit, c claim) ([]int64, error) {
	counts := slices.DeleteFunc(slices.Clone(limits), momentary)
	if len(counts) < len(limits) {
		return l.beforeCounts(ctx, b, zone, limits, counts, c)
	}
	waiting, err := l.waiting(ctx, b, c.newest)
	if err != nil {
		return nil, err
	}
	if exact, ok := l.cfg.Seeder.(ExactSeeder); ok {
		sums, err := exact.SeedWith(ctx, b.tenant, zone, limits, c.at, waiting)
		return counted(sums, limits, err)
	}
	sums := make([]int64, len(limits))
	if l.cfg.Seeder != nil {
		sums, err = l.cfg.Seeder.Seed(ctx, b.tenant, zone, limits, c.at)
		if sums, err = counted(sums, limits, err); err != nil {
			return nil, err
		}
	}
	return sums, addWaiting(sums, waiting, zone, limits, c.at)
}

// momentary reports whether a limit counts what no row tells of: what is in
// flight, which registers itself, and what is leased of the platform's limits.
func momentary(l dcoder.Limit) bool {
	return l.Window == dcoder.WindowNow || l.Scope == dcoder.ScopePlatform
}

// beforeCounts is before for limits of which some are momentary.
func (l *Ledger) beforeCounts(ctx context.Context, b *book, zone string, limits, counts []dcoder.Limit, c claim) ([]int64, error) {
	sums := make([]int64, len(limits))
	if len(counts) == 0 {
		return sums, nil
	}
	some, err := l.before(ctx, b, zone, counts, c)
	if err != nil {
		return nil, err
	}
	for i, limit := range limits {
		if !momentary(limit) {
			sums[i], some = some[0], some[1:]
		}
	}
	return sums, nil
}

func counted(sums []int64, limits []dcoder.Limit, err error) ([]int64, error) {
	if err == nil && len(sums) != len(limits) {
		err = fmt.Errorf("%d sums for %d limits", len(sums), len(limits))
	}
	return sums, err
}

// waiting returns the rows of the outbox up to an entry.
func (l *Ledger) waiting(ctx context.Context, b *book, newest string) ([]dcoder.UsageRecord, error) {
	if newest == "" {
		return nil, nil
	}
	entries, err := l.client.XRange(ctx, b.outbox, "-", newest).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	var all []dcoder.UsageRecord
	for _, e := range entries {
		text, _ := e.Values["d"].(string)
		var rows []dcoder.UsageRecord
		if err := json.Unmarshal([]byte(text), &rows); err != nil {
			return nil, fmt.Errorf("read outbox entry %s: %w", e.ID, err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

func addWaiting(sums []int64, rows []dcoder.UsageRecord, zone string, limits []dcoder.Limit, at time.Time) error {
	loc, err := location(zone)
	if err != nil {
		return err
	}
	for i, limit := range limits {
		from := at.Add(-time.Minute)
		if limit.Window != dcoder.WindowMinute {
			from, _ = limit.Window.Bounds(at, loc)
		}
		for j := range rows {
			if r := &rows[j]; !r.Time.Before(from) && concerns(limit, r) {
				sums[i] += used(limit.Metric, r)
			}
		}
	}
	return nil
}

// concerns reports whether a row counts in a limit.
func concerns(l dcoder.Limit, r *dcoder.UsageRecord) bool {
	if !l.Concerns(r.ModelAsked, r.Provider, r.ModelServed) {
		return false
	}
	switch l.Scope {
	case dcoder.ScopeKey:
		return r.Key == l.Subject
	case dcoder.ScopeUser:
		return r.User == l.Subject
	case dcoder.ScopeGroup:
		return r.Group == l.Subject
	default:
		return true
	}
}

func used(m dcoder.Metric, r *dcoder.UsageRecord) int64 {
	switch m {
	case dcoder.MetricRequests:
		return 1
	case dcoder.MetricTokens:
		return r.Tokens.Input + r.Tokens.Output
	default:
		return r.Cost
	}
}
