package dispatch

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// lanes holds the deliveries of one function, a lane for each tenant, so that a
// tenant whose events fail or take long keeps none of the others waiting: a lane
// has few workers and a bounded length, and what goes beyond is parked.
type lanes struct {
	target Target
	door   Door
	limits Limits
	slots  chan struct{}   // posts at once, over all tenants
	spill  chan struct{}   // moves at once of what does not fit a lane
	ending <-chan struct{} // closed when nothing new may begin

	mu     sync.Mutex
	lanes  map[string]*lane
	held   map[*item]struct{} // on loan to this process
	closed bool
	wg     sync.WaitGroup

	alarms throttle
}

// lane is what one tenant has here.
type lane struct {
	waiting []*item
	workers int
	held    int // waiting, at the door, or waiting for a second try
}

// item is one delivery with what is known about it.
type item struct {
	Delivery
	event    dcoder.Envelope
	failures int
	parked   bool // it came from the parked queue
}

func newLanes(t Target, door Door, l Limits, ending <-chan struct{}) *lanes {
	return &lanes{
		target: t, door: door, limits: l, ending: ending,
		slots: make(chan struct{}, l.Posts), spill: make(chan struct{}, 64),
		lanes: map[string]*lane{}, held: map[*item]struct{}{},
		alarms: throttle{every: 30 * time.Second},
	}
}

// add takes a delivery in.
func (l *lanes) add(ctx context.Context, d Delivery, parked bool) {
	it := &item{Delivery: d, failures: d.Failures(), parked: parked}
	event, err := d.Event()
	if err != nil {
		slog.Error("message is no event", "function", l.target.Function, "err", err)
		l.aside(ctx, it, func(ctx context.Context) error {
			return it.Bury(ctx, Reason{Code: "not_an_event", Failures: it.failures})
		})
		return
	}
	it.event = event
	if l.enter(ctx, it) {
		return
	}
	l.aside(ctx, it, func(ctx context.Context) error {
		if parked {
			return it.Defer(time.Second)
		}
		return it.Park(ctx, it.failures, time.Now().Add(time.Second))
	})
}

// aside ends a delivery that does not enter a lane, without holding up the pump.
func (l *lanes) aside(ctx context.Context, it *item, end func(context.Context) error) {
	select {
	case l.spill <- struct{}{}:
	case <-ctx.Done():
		return // not acknowledged: the broker lends it again
	}
	l.wg.Go(func() {
		defer func() { <-l.spill }()
		l.finish("move aside", it, end(ctx))
	})
}

// enter puts an item into its tenant's lane; false when the lane is full.
func (l *lanes) enter(ctx context.Context, it *item) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.lanes[it.event.Tenant]
	if ln == nil {
		ln = &lane{}
		l.lanes[it.event.Tenant] = ln
	}
	if ln.held >= l.limits.PerTenant {
		return false
	}
	ln.held++
	l.held[it] = struct{}{}
	l.queue(ctx, ln, it)
	return true
}

// queue appends an item and sees to a worker. l.mu is held.
func (l *lanes) queue(ctx context.Context, ln *lane, it *item) {
	if l.closed {
		return
	}
	ln.waiting = append(ln.waiting, it)
	if ln.workers >= l.limits.Workers {
		return
	}
	ln.workers++
	tenant := it.event.Tenant
	l.wg.Go(func() { l.work(ctx, tenant) })
}

// work delivers what waits in a tenant's lane until nothing does.
func (l *lanes) work(ctx context.Context, tenant string) {
	for l.step(ctx, tenant) {
	}
}

// step delivers one batch; false when there was none.
func (l *lanes) step(ctx context.Context, tenant string) bool {
	l.slots <- struct{}{} // others hold theirs for one delivery at most
	defer func() { <-l.slots }()
	batch := l.take(tenant)
	if len(batch) == 0 {
		return false
	}
	l.deliver(ctx, batch)
	return true
}

// take removes the next batch of one type from a lane. With nothing left, or at
// the end, it takes the worker off the lane and returns nil.
func (l *lanes) take(tenant string) []*item {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.lanes[tenant]
	if len(ln.waiting) == 0 || l.closed || l.ends() {
		ln.workers--
		l.tidy(tenant, ln)
		return nil
	}
	typ := ln.waiting[0].event.Type
	most, bytes := max(l.target.Types[typ], 1), 0
	var batch, rest []*item
	for _, it := range ln.waiting {
		bytes += len(it.event.Data)
		fits := len(batch) == 0 || len(batch) < most && bytes <= maxBatchBytes
		if it.event.Type == typ && fits {
			batch = append(batch, it)
			continue
		}
		rest = append(rest, it)
	}
	ln.waiting = rest
	return batch
}

// maxBatchBytes is the most data in one delivery of several events.
const maxBatchBytes = 2 << 20

// deliver posts a batch and acts on each outcome.
func (l *lanes) deliver(ctx context.Context, batch []*item) {
	outcomes := l.post(ctx, batch)
	if len(batch) > 1 && refusedAsWhole(outcomes) {
		// The function may have choked on the batch, or on one of its events: none
		// is given up on before it went alone.
		for i, it := range batch {
			outcomes[i] = l.post(ctx, []*item{it})[0]
		}
	}
	jitter := rand.Float64()
	var g errgroup.Group
	g.SetLimit(16)
	for i, it := range batch {
		g.Go(func() error {
			l.settle(ctx, it, outcomes[i], jitter)
			return nil
		})
	}
	_ = g.Wait() // settle reports by itself
}

func refusedAsWhole(outcomes []Outcome) bool {
	return !slices.ContainsFunc(outcomes, func(o Outcome) bool { return o.Verdict() != Bury })
}

func (l *lanes) post(ctx context.Context, batch []*item) []Outcome {
	events := make([]dcoder.Envelope, len(batch))
	for i, it := range batch {
		events[i] = it.event
	}
	ctx, cancel := context.WithTimeout(ctx, l.limits.Post)
	defer cancel()
	outcomes := l.door.Deliver(ctx, l.target.Function, events)
	for len(outcomes) < len(batch) { // a door that answers too little has not answered
		outcomes = append(outcomes, Outcome{})
	}
	return outcomes
}

// settle ends a delivery by its outcome, or lets it wait for a second try.
func (l *lanes) settle(ctx context.Context, it *item, o Outcome, jitter float64) {
	verdict := o.Verdict()
	if verdict != Ack && ctx.Err() != nil {
		return // we broke off ourselves, so the event did not fail; release gives it back
	}
	if verdict != Ack {
		it.failures++
		l.report(it, o, verdict)
	}
	switch {
	case verdict == Ack:
		l.finish("acknowledge", it, it.Done(context.WithoutCancel(ctx)))
	case verdict == Bury:
		l.finish("bury", it, it.Bury(ctx, Reason{o.Status, cmp.Or(o.Code, "refused"), it.failures}))
	case verdict == Retry && it.failures >= giveUpAfter:
		l.finish("bury", it, it.Bury(ctx, Reason{o.Status, "attempts_exhausted", it.failures}))
	case it.parked || it.failures >= parkAfter:
		l.finish("park", it, it.Park(ctx, it.failures, time.Now().Add(o.pause(it.failures, jitter))))
	default:
		l.again(ctx, it, o.pause(it.failures, jitter))
	}
}

// again tries once more after a pause. The item stays on loan meanwhile.
func (l *lanes) again(ctx context.Context, it *item, pause time.Duration) {
	time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if ln := l.lanes[it.event.Tenant]; ln != nil {
			l.queue(ctx, ln, it)
		}
	})
}

// finish forgets a delivery that ended. One that could not be ended is given
// back: whatever it was, doing it again is harmless.
func (l *lanes) finish(what string, it *item, err error) {
	if err != nil {
		slog.Warn("delivery not ended", "step", what, "function", l.target.Function,
			"tenant", it.event.Tenant, "event", it.event.ID, "err", err)
		_ = it.Defer(5 * time.Second) // the loan runs out by itself where this fails too
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.held[it]; !ok {
		return
	}
	delete(l.held, it)
	ln := l.lanes[it.event.Tenant]
	ln.held--
	l.tidy(it.event.Tenant, ln)
}

func (l *lanes) ends() bool {
	select {
	case <-l.ending:
		return true
	default:
		return false
	}
}

// tidy forgets a lane that nobody uses. l.mu is held.
func (l *lanes) tidy(tenant string, ln *lane) {
	if ln.held == 0 && ln.workers == 0 {
		delete(l.lanes, tenant)
	}
}

// keepAlive tells the broker about everything on loan.
func (l *lanes) keepAlive() {
	l.mu.Lock()
	items := make([]*item, 0, len(l.held))
	for it := range l.held {
		items = append(items, it)
	}
	l.mu.Unlock()
	for _, it := range items {
		_ = it.Working() // a lost heartbeat costs a repeat, which is harmless
	}
}

// release lets the deliveries at the door end, takes no other, and gives back
// what is still on loan.
func (l *lanes) release() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.wg.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for it := range l.held {
		_ = it.Defer(0)
	}
}
