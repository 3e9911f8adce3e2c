package llm

import (
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// localPart is the part of each limit that one process gives away by itself while
// the ledger cannot be reached and the tenant's policy is open: a tenth, so that
// ten processes stay within the limit together.
const localPart = 10

// localLimits are token buckets of this process, one for each limit in use: a
// tenth of the limit, filled again over the limit's window. A call that asks for
// more than a whole bucket passes when that is full, and leaves a debt.
type localLimits struct {
	mu      sync.Mutex
	buckets map[bucketKey]*bucket
	running map[string][]bucketKey // of calls in flight, by id
}

type bucketKey struct {
	tenant, subject, model string
	scope                  dcoder.Scope
	metric                 dcoder.Metric
	window                 dcoder.Window
}

type bucket struct {
	level float64
	at    time.Time
}

const mostBuckets = 65_536

var local = localLimits{buckets: map[bucketKey]*bucket{}, running: map[string][]bucketKey{}}

var windowLengths = map[dcoder.Window]time.Duration{
	dcoder.WindowMinute: time.Minute, dcoder.WindowDay: 24 * time.Hour, dcoder.WindowWeek: 7 * 24 * time.Hour, dcoder.WindowMonth: 30 * 24 * time.Hour,
}

// take lets a call pass, or refuses it naming the limit; a refused one takes
// nothing.
func (l *localLimits) take(a *Admission, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buckets) >= mostBuckets {
		clear(l.buckets)
	}
	var taken []bucketKey
	for i := range a.Limits {
		limit := &a.Limits[i]
		asked := a.Amounts.of(limit.Metric)
		if !limit.Action.Holds() || asked == 0 {
			continue
		}
		most, _ := limit.MaxAt(now)
		part := max(most/localPart, min(most, 1))
		key := bucketKey{a.Tenant, limit.Subject, limit.Model, limit.Scope, limit.Metric, limit.Window}
		b := l.fill(key, float64(part), now)
		if asked > most || b.level < float64(min(asked, part)) {
			l.untake(taken, a)
			return refuseLocally(limit, part, int64(float64(part)-b.level), asked, now)
		}
		b.level -= float64(asked)
		taken = append(taken, key)
	}
	l.remember(a.ID, taken)
	return nil
}

// fill brings a bucket up to the present; one of calls in flight is not filled by
// time.
func (l *localLimits) fill(key bucketKey, part float64, now time.Time) *bucket {
	b := l.buckets[key]
	if b == nil {
		b = &bucket{level: part, at: now}
		l.buckets[key] = b
	}
	if length := windowLengths[key.window]; length > 0 && now.After(b.at) {
		b.level += part * float64(now.Sub(b.at)) / float64(length)
		b.at = now
	}
	b.level = min(b.level, part)
	return b
}

func (l *localLimits) untake(taken []bucketKey, a *Admission) {
	for _, key := range taken {
		l.buckets[key].level += float64(a.Amounts.of(key.metric))
	}
}

// remember keeps which buckets count the call as in flight.
func (l *localLimits) remember(id string, taken []bucketKey) {
	for _, key := range taken {
		if key.window == dcoder.WindowNow {
			l.running[id] = append(l.running[id], key)
		}
	}
}

// end says that a call is in flight no more; of others it knows nothing.
func (l *localLimits) end(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range l.running[id] {
		if b := l.buckets[key]; b != nil {
			b.level++
		}
	}
	delete(l.running, id)
}

// of is what the amounts take from a limit of that metric.
func (a Amounts) of(m dcoder.Metric) int64 {
	switch m {
	case dcoder.MetricRequests:
		return a.Requests
	case dcoder.MetricTokens:
		return a.Tokens
	case dcoder.MetricParallel:
		return min(a.Requests, 1)
	default:
		return a.Money
	}
}

func refuseLocally(l *dcoder.Limit, part, used, asked int64, now time.Time) error {
	shown := *l
	shown.Max = part
	wait := time.Second
	if length := windowLengths[l.Window]; length > 0 && part > 0 {
		wait = time.Duration(float64(length) * float64(min(max(used+asked-part, 1), part)) / float64(part))
	}
	e := dcoder.AsError(refuse(&Verdict{Time: now, Exceeded: &Exceeded{Limit: shown, Used: used, Asked: asked, Reset: now.Add(wait)}}))
	e.Message = "limits cannot be checked in full right now, and a tenth of each is given away meanwhile: " + e.Message
	e.Details["degraded"] = "ledger"
	return e
}
