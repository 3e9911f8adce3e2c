package redis_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// TestTheLedgerDecidesAsThePlainModel plays random calls against the ledger and
// against a model in a few lines of Go that keeps every taking in a list. What
// "never above the limit" means is the model's fits: at the moment of every
// admission and extension
//
//	used + reserved + asked <= limit
//
// where a calendar limit counts all takings of calls admitted in the period, and
// a sliding minute counts those of the present minute of the clock in full and
// those of the minute before by the part that the last 60 s still cover, rounded
// up. Equality of the verdicts says also that nothing that fits is refused.
func TestTheLedgerDecidesAsThePlainModel(t *testing.T) {
	t.Parallel()
	c := open(t, patient(stacktest.Env(t).RedisURL))
	rapid.Check(t, func(t *rapid.T) {
		g := newGame(t, c)
		defer g.end()
		t.Repeat(map[string]func(*rapid.T){
			"admit":   g.admit,
			"extend":  g.extend,
			"settle":  g.settle,
			"release": g.release,
			"lose":    g.lose,
			"late":    g.late,
			"wait":    g.wait,
			"":        func(*rapid.T) {},
		})
	})
}

// taking is an amount of one metric that counts at a time.
type taking struct {
	call     *modelCall
	metric   dcoder.Metric
	minute   int64 // that it was taken in, s
	reserved int64
	used     int64
}

// caller is a key that calls a model.
type caller struct{ key, model string }

var callers = []caller{{"k1", "m1"}, {"k1", "m2"}, {"k2", "m1"}}

type modelCall struct {
	a       *llm.Admission
	model   string
	v       llm.Verdict
	at      time.Time
	takings []*taking
	sofar   int64
}

type game struct {
	c       goredis.UniversalClient
	l       *redis.Ledger
	s       *table
	tenant  string
	zone    string
	limits  map[caller][]dcoder.Limit
	now     time.Time
	takings []*taking
	open    []*modelCall
	lost    []*modelCall
	rows    map[string]int64 // tokens by id, as the table must have them
}

func newGame(t *rapid.T, c goredis.UniversalClient) *game {
	g := &game{
		c: c, s: newTable(), tenant: stacktest.TenantID(), rows: map[string]int64{},
		zone: rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo"}).Draw(t, "zone"),
	}
	g.l = redis.NewLedger(redis.Config{Client: c, OnWritten: g.s.write, Log: quiet(), Linger: time.Microsecond})
	redis.FakeTime(g.l)
	starts := []time.Time{
		time.Date(2026, 3, 28, 22, 50, 0, 0, time.UTC), // a change of clocks in Berlin
		time.Date(2026, 10, 31, 22, 58, 30, 0, time.UTC),
		time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC),
		time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC),
	}
	g.set(rapid.SampledFrom(starts).Draw(t, "start").Add(time.Duration(rapid.Int64Range(0, 60e6).Draw(t, "us")) * time.Microsecond))
	if err := g.l.Open(context.Background(), g.tenant); err != nil {
		t.Fatal(err)
	}
	parts := map[string][]dcoder.Limit{"": g.draw(t, dcoder.ScopeTenant, "", "")}
	for _, name := range []string{"k1", "k2"} {
		parts[name] = g.draw(t, dcoder.ScopeKey, name, "")
	}
	parts["m1"] = g.draw(t, dcoder.ScopeTenant, "", "m1")
	parts["k1/m1"] = g.draw(t, dcoder.ScopeKey, "k1", "m1")
	g.limits = map[caller][]dcoder.Limit{}
	for _, c := range callers {
		g.limits[c] = slices.Concat(parts[c.key], parts[""], parts[c.model], parts[c.key+"/"+c.model])
		g.warm(t, c)
	}
	return g
}

// warm makes the counters of a key known, so that a group is decided in one go.
func (g *game) warm(t *rapid.T, c caller) {
	a := admission(g.tenant, g.limits[c], 0, 0)
	a.Key, a.TimeZone, a.Amounts = c.key, g.zone, llm.Amounts{}
	v, err := redis.AdmitTogether(g.l, []*llm.Admission{a})
	require.NoError(t, err)
	g.l.Settle(&llm.Settlement{Admission: a, Verdict: v[0], Release: true})
	require.NoError(t, g.l.Drain(context.Background()))
}

// allMetrics is everything that a limit can count.
var allMetrics = []dcoder.Metric{dcoder.MetricRequests, dcoder.MetricTokens, dcoder.MetricMoney, dcoder.MetricParallel}

func (g *game) draw(t *rapid.T, scope dcoder.Scope, subject, model string) []dcoder.Limit {
	var limits []dcoder.Limit
	for _, m := range allMetrics {
		for _, w := range []dcoder.Window{dcoder.WindowMinute, dcoder.WindowDay, dcoder.WindowWeek, dcoder.WindowMonth, dcoder.WindowNow} {
			if m == dcoder.MetricMoney && w == dcoder.WindowMinute || (m == dcoder.MetricParallel) != (w == dcoder.WindowNow) ||
				!rapid.Bool().Draw(t, "has") {
				continue
			}
			most := rapid.Int64Range(0, 200).Draw(t, "max")
			if m == dcoder.MetricRequests || m == dcoder.MetricParallel {
				most = rapid.Int64Range(0, 10).Draw(t, "max")
			}
			l := limit(scope, subject, m, w, most)
			l.Model = model
			if rapid.IntRange(0, 4).Draw(t, "alert") == 0 {
				l.Action = dcoder.ActionAlert
			}
			limits = append(limits, l)
		}
	}
	return limits
}

func (g *game) set(now time.Time) {
	g.now = now.Truncate(time.Microsecond)
	g.c.Set(context.Background(), redis.ClockKey(g.tenant), strconv.FormatInt(g.now.UnixMicro(), 10), time.Hour)
}

func (g *game) end() {
	g.l.Close()
	for _, k := range []string{"l", "r", "x", "gen", "usage", "clock"} {
		g.c.Del(context.Background(), "{"+g.tenant+"}:"+k)
	}
	g.c.ZRem(context.Background(), "dcoder:active", g.tenant)
}

func (g *game) wait(t *rapid.T) {
	d := rapid.OneOf(
		rapid.Int64Range(0, 5e6), rapid.Int64Range(30e6, 130e6), rapid.Int64Range(3600e6, 30*3600e6),
	).Draw(t, "us")
	g.set(g.now.Add(time.Duration(d) * time.Microsecond))
}

// weight is what a limit counts of a taking at the present moment, in a period
// of a call admitted at the given time.
func (g *game) sums(l dcoder.Limit, admitted time.Time) (sum int64) {
	zone, _ := time.LoadLocation(g.zone)
	minute := g.now.Unix() / 60 * 60
	start, end := l.Window.Bounds(admitted, zone)
	var before int64
	for _, k := range g.takings {
		if k.metric != l.Metric || l.Scope == dcoder.ScopeKey && k.call.a.Key != l.Subject || l.Model != "" && l.Model != k.call.model {
			continue
		}
		switch {
		case l.Window == dcoder.WindowNow:
			sum += k.reserved
		case l.Window == dcoder.WindowMinute && k.minute == minute:
			sum += k.used + k.reserved
		case l.Window == dcoder.WindowMinute && k.minute == minute-60:
			before += k.used + k.reserved
		case l.Window != dcoder.WindowMinute && !k.call.at.Before(start) && k.call.at.Before(end):
			sum += k.used + k.reserved
		}
	}
	if l.Window == dcoder.WindowMinute {
		gone := math.Floor(float64(g.now.UnixMicro()-minute*1e6) / 1000)
		sum += int64(math.Ceil(float64(before) * (60000 - gone) / 60000))
	}
	return sum
}

func metricOf(a llm.Amounts, m dcoder.Metric) int64 {
	return map[dcoder.Metric]int64{
		dcoder.MetricRequests: a.Requests, dcoder.MetricTokens: a.Tokens, dcoder.MetricMoney: a.Money,
		dcoder.MetricParallel: a.Requests,
	}[m]
}

// fits is the definition.
func (g *game) fits(limits []dcoder.Limit, a llm.Amounts, admitted time.Time) bool {
	for _, l := range limits {
		asked := metricOf(a, l.Metric)
		if l.Action == dcoder.ActionDeny && asked > 0 && g.sums(l, admitted)+asked > l.Max {
			return false
		}
	}
	return true
}

func (g *game) take(c *modelCall, a llm.Amounts) {
	for _, m := range allMetrics {
		k := &taking{call: c, metric: m, minute: g.now.Unix() / 60 * 60, reserved: metricOf(a, m)}
		if m != dcoder.MetricTokens {
			k.minute = c.at.Unix() / 60 * 60
		}
		c.takings = append(c.takings, k)
		g.takings = append(g.takings, k)
	}
}

func (g *game) admit(t *rapid.T) {
	var calls []*llm.Admission
	var want []bool
	n := rapid.IntRange(1, 5).Draw(t, "group")
	for range n {
		who := rapid.SampledFrom(callers).Draw(t, "caller")
		a := admission(g.tenant, g.limits[who], rapid.Int64Range(0, 60).Draw(t, "tokens"), rapid.Int64Range(0, 60).Draw(t, "money"))
		a.Key, a.Intent.Key, a.TimeZone, a.Expires = who.key, who.key, g.zone, 1000*time.Hour
		ok := g.fits(a.Limits, a.Amounts, g.now)
		calls, want = append(calls, a), append(want, ok)
		if ok {
			c := &modelCall{a: a, model: who.model, at: g.now}
			g.take(c, a.Amounts)
			g.open = append(g.open, c)
		}
	}
	verdicts, err := redis.AdmitTogether(g.l, calls)
	require.NoError(t, err)
	for i, v := range verdicts {
		require.Equal(t, want[i], v.Admitted, "call %d of %d: %+v", i+1, n, v.Exceeded)
		for _, c := range g.open {
			if c.a == calls[i] {
				c.v = v
			}
		}
		if !v.Admitted && i == n-1 { // the last one saw what the model holds now
			e := v.Exceeded
			require.Equal(t, e.Used+e.Reserved, g.sums(e.Limit, g.now), "%+v", e)
			require.Greater(t, e.Used+e.Reserved+e.Asked, e.Limit.Max)
		}
	}
	last := verdicts[n-1]
	for _, r := range last.Room {
		require.Equal(t, max(0, r.Limit.Max-g.sums(r.Limit, g.now)), r.Remaining, "room of %+v", r.Limit)
	}
	var passed []dcoder.Limit
	for _, l := range calls[n-1].Limits {
		if last.Admitted && l.Action == dcoder.ActionAlert && g.sums(l, g.now) > l.Max {
			passed = append(passed, l)
		}
	}
	require.Equal(t, passed, last.Passed)
}

func (g *game) pick(t *rapid.T, list *[]*modelCall, remove bool) *modelCall {
	if len(*list) == 0 {
		t.Skip("none")
	}
	i := rapid.IntRange(0, len(*list)-1).Draw(t, "call")
	c := (*list)[i]
	if remove {
		*list = append((*list)[:i:i], (*list)[i+1:]...)
	}
	return c
}

func (g *game) extend(t *rapid.T) {
	c := g.pick(t, &g.open, false)
	more := llm.Amounts{Tokens: rapid.Int64Range(0, 60).Draw(t, "tokens"), Money: rapid.Int64Range(0, 30).Draw(t, "money")}
	c.sofar = rapid.Int64Range(0, 50).Draw(t, "so far")
	want := g.fits(c.a.Limits, more, c.at)
	if want && more != (llm.Amounts{}) {
		g.take(c, more)
	}
	v, err := g.l.Extend(context.Background(), &llm.Extension{
		Admission: c.a, Verdict: c.v, SoFar: dcoder.Tokens{Output: c.sofar}, Cost: c.sofar, More: more,
	})
	require.NoError(t, err)
	require.Equal(t, want, v.Admitted, "%+v of %+v", more, v.Exceeded)
}

// finish replaces what a call reserved by what it used, the oldest first.
func (g *game) finish(c *modelCall, used llm.Amounts) {
	for _, m := range allMetrics {
		left := metricOf(used, m)
		if m == dcoder.MetricParallel {
			left = 0 // who has ended is not in flight
		}
		var last *taking
		for _, k := range c.takings {
			if k.metric != m {
				continue
			}
			k.used = min(left, k.reserved)
			left -= k.used
			k.reserved = 0
			if last == nil || k.minute >= last.minute {
				last = k
			}
		}
		last.used += left
	}
}

func (g *game) settle(t *rapid.T) {
	c := g.pick(t, &g.open, true)
	used := llm.Amounts{Requests: 1, Tokens: rapid.Int64Range(0, 80).Draw(t, "tokens"), Money: rapid.Int64Range(0, 80).Draw(t, "money")}
	g.finish(c, used)
	g.l.Settle(settlement(c.a, c.v, used.Tokens, used.Money))
	g.written(t, c, used.Tokens)
}

func (g *game) written(t *rapid.T, c *modelCall, tokens int64) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, g.l.Drain(ctx))
	g.rows[c.a.ID] = tokens
	require.Len(t, g.s.all(), len(g.rows))
	row, _ := g.s.row(c.a.ID)
	require.Equal(t, tokens, row.Tokens.Input+row.Tokens.Output)
}

func (g *game) release(t *rapid.T) {
	c := g.pick(t, &g.open, true)
	g.finish(c, llm.Amounts{})
	g.l.Settle(&llm.Settlement{Admission: c.a, Verdict: c.v, Release: true})
	require.NoError(t, g.l.Drain(context.Background()))
	require.Len(t, g.s.all(), len(g.rows), "a release leaves no row")
}

// lose lets a call's process die.
func (g *game) lose(t *rapid.T) {
	c := g.pick(t, &g.open, true)
	g.c.ZAddXX(context.Background(), "{"+g.tenant+"}:x", goredis.Z{Score: 1, Member: c.a.ID})
	n, err := g.l.SweepTenant(context.Background(), g.tenant)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	g.finish(c, llm.Amounts{Requests: 1, Tokens: c.sofar, Money: c.sofar})
	g.lost = append(g.lost, c)
	g.written(t, c, c.sofar)
}

// late settles a call that was swept.
func (g *game) late(t *rapid.T) {
	c := g.pick(t, &g.lost, true)
	if g.now.Sub(c.at) > 30*time.Minute {
		t.Skip("its tombstone may be gone")
	}
	used := llm.Amounts{Requests: 1, Tokens: rapid.Int64Range(0, 80).Draw(t, "tokens"), Money: rapid.Int64Range(0, 80).Draw(t, "money")}
	g.correct(c, used)
	g.l.Settle(settlement(c.a, c.v, used.Tokens, used.Money))
	g.written(t, c, used.Tokens)
	row, _ := g.s.row(c.a.ID)
	require.Equal(t, 2, row.Revision)
}

// correct moves the difference to where the call counted last.
func (g *game) correct(c *modelCall, used llm.Amounts) {
	for _, m := range allMetrics {
		var had int64
		var last *taking
		for _, k := range c.takings {
			if k.metric == m {
				had += k.used
				if last == nil || k.minute >= last.minute {
					last = k
				}
			}
		}
		last.used += metricOf(used, m) - had
	}
}
