package redis

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Limits of the platform hold for all tenants together. No script can touch two
// tenants, so a tenant leases a part of such a limit from a second key, and its
// own script decides within that part: what is leased is never more than the limit
// in sum. A lease is a counter of the tenant like others; its ceiling is what the
// tenant has leased in the period, which only grows. What is not used is returned
// by counting it as used with the tenant first, and only then put back.
//
// The platform's periods are those of UTC, and each has counters of its own; its
// minutes are minutes of the clock.

// leasesKey holds what is leased: by limit and period in all, by tenant after a
// slash, and under limit> the latest period.
const leasesKey = "{_platform}:l"

// PlatformSeeder tells what all tenants used of the limits of the platform
// between two times, where nothing is known of their leases.
type PlatformSeeder interface {
	SeedPlatform(ctx context.Context, l dcoder.Limit, from, to time.Time) (int64, error)
}

// share is a limit of the platform in a set.
type share struct {
	at    int // among the set's limits
	limit string
}

// leased is the platform's part of a book; guarded by book.mu.
type leased struct {
	ceilings map[string]float64 // by counter
	version  int
}

// shareOf names a limit of the platform.
func shareOf(i int, l dcoder.Limit) (share, error) {
	f, err := fieldOf(dcoder.Limit{Scope: dcoder.ScopeTenant, Metric: l.Metric, Window: l.Window, Model: l.Model}, "")
	if err != nil {
		return share{}, err
	}
	return share{at: i, limit: string(shareLetter) + f.name[1:]}, nil
}

// pot is the name that a limit has in the period that holds at, and when that
// ends.
func (s share) pot(l *dcoder.Limit, at time.Time) (name string, end time.Time) {
	if l.Window == dcoder.WindowNow {
		return s.limit + "!", time.Time{}
	}
	from, end := l.Window.Bounds(at, time.UTC)
	return s.limit + "!" + strconv.FormatInt(from.Unix(), 36), end
}

// withShares returns the set with counters for the tenant's parts of the limits
// of the platform; the set itself where there are none.
func (b *book) withShares(s *limitSet) *limitSet {
	if len(s.shares) == 0 {
		return s
	}
	now := b.clock.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	d := s.derived
	if d == nil || d.version != b.leased.version || !d.until.IsZero() && !now.Before(d.until) {
		d = s.derive(&b.leased, b.epochText, now)
		s.derived = d
	}
	return d
}

// derive adds the shares' counters. They are of one epoch of the tenant's: whoever
// has not heard of a loss finds none of them, and no room in what it had leased.
func (s *limitSet) derive(l *leased, epoch string, now time.Time) *limitSet {
	d := &limitSet{
		zone: s.zone, limits: s.limits, hurry: s.hurry, rooms: s.rooms, base: s, version: l.version,
		fields: append([]field(nil), s.fields...), of: append([]int(nil), s.of...),
	}
	for _, sh := range s.shares {
		limit := &s.limits[sh.at]
		pot, end := sh.pot(limit, now)
		name := pot + "@" + epoch
		f := field{
			name: name, boxed: name, window: lasting, metric: metricIndex(limit.Metric), max: l.ceilings[name],
			deny: sh.at, share: sh.limit, pot: pot, ends: end,
		}
		d.of[sh.at] = len(d.fields)
		d.fields = append(d.fields, f)
		if !end.IsZero() && (d.until.IsZero() || end.Before(d.until)) {
			d.until = end
		}
	}
	d.pack()
	return d
}

// mostLeases bounds how often a call asks again with more leased before it is
// refused all the same: others of its tenant may be faster every time.
const mostLeases = 1000

// leaseMore gets the tenant more of the platform's limit that refused a call. It
// reports whether to ask again; otherwise the verdict says what the platform has.
func (l *Ledger) leaseMore(ctx context.Context, b *book, h *held, a *answer) (bool, error) {
	x := a.verdict.Exceeded
	f := h.set.shareOf(x.Limit)
	need := float64(x.Used+x.Reserved+x.Asked) - f.max
	if need > 0 {
		status, total, err := l.leaseInTurn(ctx, b, f, x.Limit, need)
		if err != nil {
			return false, err
		}
		if status == leaseNone {
			x.Used, x.Reserved = int64(total), 0
			return false, nil
		}
	}
	h.turn(b.withShares(h.set.base), l.clock.now())
	return true, nil
}

// leaseInTurn leases more unless somebody did so meanwhile: the calls of a tenant
// that find nothing left take turns, and each looks first at what the others got.
func (l *Ledger) leaseInTurn(ctx context.Context, b *book, f *field, limit dcoder.Limit, need float64) (status string, total float64, err error) {
	b.leasing.Lock()
	defer b.leasing.Unlock()
	b.mu.Lock()
	grown := b.leased.ceilings[f.name] > f.max
	b.mu.Unlock()
	if grown {
		return "", 0, nil
	}
	status, has, total, err := l.lease(ctx, b, f, limit, need)
	if err == nil && status != leaseNone {
		b.mu.Lock()
		b.leased.raise(f.name, has)
		b.mu.Unlock()
	}
	return status, total, err
}

func (l *leased) raise(name string, has float64) {
	if l.ceilings == nil || len(l.ceilings) > 256 { // old periods
		l.ceilings = map[string]float64{}
	}
	if has > l.ceilings[name] {
		l.ceilings[name] = has
		l.version++
	}
}

// forget drops what was leased under counters that are lost.
func (l *leased) forget() {
	l.ceilings = nil
	l.version++
}

// again gives a question the present counters of its shares, and reports whether
// those are others.
func (b *book) again(h *held) bool {
	if h.set.base == nil || len(h.beat) > 0 {
		return false
	}
	s := b.withShares(h.set.base)
	if s == h.set {
		return false
	}
	h.turn(s, b.clock.now())
	return true
}

// setOf is the set of a running call's extension: without shares when those that
// it was admitted with are over.
func (b *book) setOf(id string, s *limitSet) *limitSet {
	if s.base == nil {
		return s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if h := b.held[id]; h != nil && bytes.Equal(h.set.packed, s.packed) {
		return s
	}
	return s.base
}

func (s *limitSet) shareOf(l dcoder.Limit) *field {
	for i := range s.fields {
		if f := &s.fields[i]; f.share != "" && s.limits[f.deny].Metric == l.Metric && s.limits[f.deny].Window == l.Window &&
			s.limits[f.deny].Model == l.Model {
			return f
		}
	}
	return &field{}
}

// turn gives a question another set.
func (h *held) turn(s *limitSet, now time.Time) {
	h.set = s
	if len(h.beat) == 0 {
		h.blob = appendReservation(h.blob[:0], plainReservation(now, h.admission.Amounts), nil, s, h.admission.Intent)
	}
}

const (
	leaseNone = "none"
	leaseCold = "cold"
)

// lease asks the common pot; where it has nothing left, the tenants' unused parts
// are collected once.
func (l *Ledger) lease(ctx context.Context, b *book, f *field, limit dcoder.Limit, need float64) (status string, has, total float64, err error) {
	seed := ""
	for range 4 {
		status, has, total, err = l.leaseOnce(ctx, b, f, limit.Max, need, seed)
		switch {
		case err != nil:
			return status, has, total, err
		case status == leaseCold:
			if seed, err = l.seedPlatform(ctx, f, limit); err != nil {
				return status, has, total, recovering(err)
			}
		case status == leaseNone && l.collectSoon(ctx, f.pot):
		default:
			return status, has, total, nil
		}
	}
	return status, has, total, nil
}

func (l *Ledger) leaseOnce(ctx context.Context, b *book, f *field, most int64, need float64, seed string) (status string, has, total float64, err error) {
	v, err := l.scripts.lease.run(ctx, l.client, []string{leasesKey}, f.share, f.pot, b.tenant+f.name[len(f.pot):],
		whole(f.max), whole(need), most, seed).StringSlice()
	if err != nil {
		l.broken(err)
		return "", 0, 0, unavailable(err, l.circuit.retryAfter())
	}
	if len(v) != 3 {
		return "", 0, 0, dcoder.Internal(fmt.Errorf("lease of %s: %d values", f.name, len(v)))
	}
	has, _ = strconv.ParseFloat(v[1], 64)
	total, _ = strconv.ParseFloat(v[2], 64)
	return v[0], has, total, nil
}

func whole(f float64) string { return strconv.FormatFloat(min(f, math.MaxInt64), 'f', 0, 64) }

// seedPlatform says what all tenants used in the period up to now.
func (l *Ledger) seedPlatform(ctx context.Context, f *field, limit dcoder.Limit) (string, error) {
	if l.cfg.PlatformSeeder == nil || limit.Window == dcoder.WindowNow || limit.Window == dcoder.WindowMinute {
		return "0", nil
	}
	now := l.clock.now()
	from, _ := limit.Window.Bounds(now, time.UTC)
	sum, err := l.cfg.PlatformSeeder.SeedPlatform(ctx, limit, from, now)
	if err != nil {
		return "", fmt.Errorf("sum the use of %s: %w", f.name, err)
	}
	return strconv.FormatInt(sum, 10), nil
}

// collectEvery is how often a process collects unused leases because a call found
// none left.
const collectEvery = 200 * time.Millisecond

// collectSoon reports whether something came back.
func (l *Ledger) collectSoon(ctx context.Context, name string) bool {
	now := time.Now().UnixNano()
	last := l.collected.Load()
	if now-last < int64(collectEvery) || !l.collected.CompareAndSwap(last, now) {
		return false
	}
	n, err := l.collect(ctx, name)
	if err != nil {
		l.cfg.Log.Warn("unused leases could not be collected", "limit", name, "error", err)
	}
	return n > 0
}

// CollectLeases takes back what tenants have leased of the platform's limits and
// do not use, and forgets periods that are over. Any process may do it at any
// time; a few seconds apart is enough. It returns how much came back.
func (l *Ledger) CollectLeases(ctx context.Context) (int64, error) { return l.collect(ctx, "") }

// keepPast is how long the leases of a period stay after its end: calls that
// began in it end later.
const keepPast = time.Hour

func (l *Ledger) collect(ctx context.Context, only string) (back int64, err error) {
	all, err := l.client.HGetAll(ctx, leasesKey).Result()
	if err != nil {
		return 0, fmt.Errorf("read the leases of the platform: %w", err)
	}
	for key, text := range all {
		pot, holder, ok := cutLast(key, '/')
		if !ok || only != "" && pot != only {
			continue
		}
		tenant, epoch, _ := strings.Cut(holder, "@")
		counter := pot + "@" + epoch
		if l.past(pot) {
			if err := l.forgetLease(ctx, key, pot, tenant, counter); err != nil {
				return back, err
			}
			continue
		}
		n, err := l.giveBack(ctx, pot, tenant, counter, text)
		back += n
		if err != nil {
			return back, err
		}
	}
	return back, nil
}

// past reports whether a pot's period has been over for a while.
func (l *Ledger) past(pot string) bool {
	limit, period, _ := strings.Cut(pot, "!")
	start, err := strconv.ParseInt(period, 36, 64)
	if err != nil || len(limit) < 3 {
		return false
	}
	at := strings.IndexByte(windowLetters, limit[2])
	if at < 0 {
		return false
	}
	_, end := windows[at].Bounds(time.Unix(start, 0), time.UTC)
	return l.clock.now().After(end.Add(keepPast))
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func (l *Ledger) forgetLease(ctx context.Context, key, pot, tenant, counter string) error {
	p := l.client.Pipeline()
	p.HDel(ctx, namesOf(tenant).ledger, counter)
	p.HDel(ctx, leasesKey, key, pot)
	_, err := p.Exec(ctx)
	return err
}

func (l *Ledger) giveBack(ctx context.Context, pot, tenant, counter, has string) (int64, error) {
	text, err := l.scripts.giveback.run(ctx, l.client, []string{namesOf(tenant).ledger}, counter, has).Text()
	if err != nil || text == "0" {
		return 0, ignoreNil(err)
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n, l.scripts.returned.run(ctx, l.client, []string{leasesKey}, pot, text).Err()
}

func ignoreNil(err error) error {
	if err == goredis.Nil { //nolint:errorlint // never wrapped by the client
		return nil
	}
	return err
}
