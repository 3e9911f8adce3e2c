package redis

import (
	"context"
	"sync"
	"time"
)

// settler holds the settlements of all tenants until Redis has them. Those of a
// tenant ride along with its next admission; what nobody takes along within
// Config.Linger its own goroutine writes, which lives while there is something.
type settler struct {
	ledger *Ledger
	hurry  chan struct{} // do not linger

	mu      sync.Mutex
	books   []*book // with endings
	queued  int     // endings in books
	flying  int     // endings in a call to Redis
	running bool
	idle    chan struct{} // closed when everything is written
}

func (q *settler) add(e *ending) {
	q.mu.Lock()
	q.push(e.book, e)
	over := q.overflow()
	start := q.start()
	hurry := e.freed != nil || e.set.hurry || q.queued >= mostCalls
	q.mu.Unlock()
	if over != nil {
		q.ledger.undeliverable(over)
	}
	if hurry {
		q.wake()
	}
	if start {
		go q.run()
	}
}

// push queues endings of a book; q.mu is held.
func (q *settler) push(b *book, endings ...*ending) {
	if len(b.endings) == 0 {
		q.books = append(q.books, b)
	}
	b.endings = append(b.endings, endings...)
	q.queued += len(endings)
}

// overflow takes out the oldest ending of the longest waiting book when the
// queue is over its bound; q.mu is held.
func (q *settler) overflow() *ending {
	if q.queued <= q.ledger.cfg.Queue {
		return nil
	}
	b := q.books[0]
	e := b.endings[0]
	b.endings = b.endings[1:]
	q.queued--
	if len(b.endings) == 0 {
		q.books = q.books[1:]
	}
	return e
}

// start reports whether the caller must start the goroutine; q.mu is held.
func (q *settler) start() bool {
	if q.running || q.queued == 0 {
		return false
	}
	q.running = true
	return true
}

func (q *settler) wake() {
	select {
	case q.hurry <- struct{}{}:
	default:
	}
}

// board takes endings of a tenant along with an admission: calls that were
// admitted in this minute and are in Redis as they were admitted.
func (q *settler) board(b *book, minute int64, riders []*ending) []*ending {
	q.mu.Lock()
	defer q.mu.Unlock()
	rest := b.endings[:0]
	for _, e := range b.endings {
		if e.plain && !e.tried && e.at/60e6*60 == minute && len(riders) < mostCalls {
			riders = append(riders, e)
		} else {
			rest = append(rest, e)
		}
	}
	clear(b.endings[len(rest):])
	b.endings = rest
	q.queued -= len(riders)
	q.flying += len(riders)
	if len(rest) == 0 && len(riders) > 0 {
		q.forget(b)
	}
	return riders
}

func (q *settler) forget(b *book) {
	for i, other := range q.books {
		if other == b {
			q.books = append(q.books[:i], q.books[i+1:]...)
			return
		}
	}
}

// unboard queues endings again that were not written.
func (q *settler) unboard(b *book, endings []*ending, tried bool) {
	if len(endings) == 0 {
		return
	}
	for _, e := range endings {
		e.plain = e.plain && tried // whoever could not ride is looked at one by one
	}
	q.again(b, endings, tried)
	q.mu.Lock()
	start := q.start()
	q.mu.Unlock()
	if start {
		go q.run()
	}
}

// landed ends endings that are written.
func (q *settler) landed(endings []*ending) {
	for _, e := range endings {
		e.finish()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying -= len(endings)
	q.rest()
}

// rest tells who drains that there is nothing left; q.mu is held.
func (q *settler) rest() {
	if q.queued+q.flying == 0 && q.idle != nil {
		close(q.idle)
		q.idle = nil
	}
}

// drained returns a channel that is closed when everything is written, nil when
// it is.
func (q *settler) drained() chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queued+q.flying == 0 {
		return nil
	}
	if q.idle == nil {
		q.idle = make(chan struct{})
	}
	q.wake()
	return q.idle
}

func (q *settler) run() {
	wait := q.ledger.cfg.Linger
	for q.linger(wait) {
		groups := q.take()
		wait = q.ledger.cfg.Linger
		if !q.write(groups) {
			wait = q.ledger.circuit.backoff()
		}
		if q.finished() {
			return
		}
	}
	q.abandon() // the ledger was closed
	q.finished()
}

func (q *settler) linger(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-q.hurry:
	case <-q.ledger.closed:
		return false
	}
	return true
}

// finished reports whether the goroutine may end.
func (q *settler) finished() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rest()
	q.running = q.queued > 0
	return !q.running
}

// mostEndings is how many settlements are written at once.
const mostEndings = 4096

func (q *settler) take() []*settling {
	q.mu.Lock()
	defer q.mu.Unlock()
	var groups []*settling
	n := 0
	for n < mostEndings && len(q.books) > 0 {
		b := q.books[0]
		q.books = q.books[1:]
		n += len(b.endings)
		groups = split(groups, b, b.endings)
		b.endings = nil
	}
	q.queued -= n
	q.flying += n
	return groups
}

// write sends groups and reports whether Redis took them; what it did not take
// is queued again.
func (q *settler) write(groups []*settling) bool {
	l, ctx := q.ledger, context.Background()
	if len(groups) == 0 {
		return true
	}
	if !l.circuit.allow() {
		for _, g := range groups {
			q.again(g.book, g.endings, false)
		}
		return false
	}
	calls := make([]call, len(groups))
	for i, g := range groups {
		calls[i] = g.call(ctx, l)
	}
	execute(ctx, l.client, calls)
	worked := true
	for i, g := range groups {
		text, err := textOf(calls[i].cmd)
		if err != nil {
			l.broken(err)
			l.cfg.Log.Warn("settlements wait for Redis", "count", len(g.endings), "error", err)
			q.again(g.book, g.endings, true)
			worked = false
			continue
		}
		l.circuit.worked()
		_, done, failed := g.settled(l, text)
		q.again(g.book, failed, false)
		q.landed(done)
	}
	return worked
}

// again queues endings that must be tried again.
func (q *settler) again(b *book, endings []*ending, tried bool) {
	if len(endings) == 0 {
		return
	}
	for _, e := range endings {
		e.tried = e.tried || tried
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying -= len(endings)
	q.push(b, endings...)
}

// abandon hands what is queued to Config.OnUndeliverable.
func (q *settler) abandon() {
	q.mu.Lock()
	var left []*ending
	for _, b := range q.books {
		left = append(left, b.endings...)
		b.endings = nil
	}
	q.books, q.queued = nil, 0
	q.rest()
	q.mu.Unlock()
	for _, e := range left {
		q.ledger.undeliverable(e)
	}
}
