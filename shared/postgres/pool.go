package postgres

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// pool lends connections to many databases under one cap. A database holds at
// most each of them; the least recently used idle one makes room for another
// database. Databases that wait are served in turn, requests of one database in
// the order in which they came, so that a busy tenant delays itself alone. In its
// turn a connection serves several requests, since opening one costs more than
// most of them.
type pool struct {
	max, each int
	idleFor   time.Duration

	mu     sync.Mutex
	open   int                  // connections that exist or are being opened
	queues map[string]*database // those with a connection or a waiter
	idle   list.List            // of *conn, least recently used first
	turns  list.List            // of *database: those that wait and may have one more
	sweep  *time.Timer          // nil when nothing is idle
	closed bool
}

// database is one database's share of a pool.
type database struct {
	name    string
	used    int       // lent out or being opened
	idle    []*conn   // most recently used last
	waiters []*waiter // in the order in which they came
	turn    *list.Element
}

type conn struct {
	*pgx.Conn
	database string
	opened   time.Time
	since    time.Time // idle since
	turn     time.Time // when its database's turn began
	served   int       // requests in this turn
	place    *list.Element
}

// grant is a connection to use, or the right to open one after closing evicted.
type grant struct {
	conn    *conn
	evicted *conn
}

type waiter struct{ granted chan grant }

func newPool(max, each int, idleFor time.Duration) *pool {
	return &pool{max: max, each: each, idleFor: idleFor, queues: map[string]*database{}}
}

// acquire waits until the database may use a connection. The caller gives it
// back with release.
func (p *pool) acquire(ctx context.Context, name string) (grant, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return grant{}, errPoolClosed
	}
	db := p.database(name)
	if len(db.waiters) == 0 && p.turns.Len() == 0 || len(db.idle) > 0 {
		if g, ok := p.take(db); ok {
			g.begin()
			p.mu.Unlock()
			return g, nil
		}
	}
	w := &waiter{granted: make(chan grant, 1)}
	db.waiters = append(db.waiters, w)
	p.queue(db)
	p.serve()
	p.mu.Unlock()
	return p.wait(ctx, db, w)
}

func (p *pool) wait(ctx context.Context, db *database, w *waiter) (grant, error) {
	select {
	case g := <-w.granted:
		return g, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case g := <-w.granted: // both happened: pass it on
		p.giveBack(db, g.conn)
		if g.evicted != nil {
			go g.evicted.quit()
		}
	default:
		db.forget(w)
		p.dropUnused(db)
	}
	return grant{}, ctx.Err()
}

// release takes a connection back; nil says that it was not opened or is broken.
func (p *pool) release(name string, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveBack(p.database(name), c)
}

func (p *pool) giveBack(db *database, c *conn) {
	db.used--
	switch {
	case c == nil:
		p.open--
	case p.closed:
		p.open--
		go c.quit()
	case len(db.waiters) > 0 && c.stays():
		db.used++
		db.hand(grant{conn: c})
		return
	default:
		p.keep(db, c)
	}
	p.queue(db)
	p.serve()
	p.dropUnused(db)
}

// serve hands out what is free, database by database.
func (p *pool) serve() {
	if p.closed {
		return // who waits is told so when the wait is over
	}
	for e := p.turns.Front(); e != nil; e = p.turns.Front() {
		db := e.Value.(*database)
		if len(db.waiters) > 0 && db.used < p.each {
			g, ok := p.take(db)
			if !ok {
				return
			}
			g.begin()
			db.hand(g)
		}
		p.turns.Remove(e)
		db.turn = nil
		p.queue(db)
	}
}

// queue gives the database a turn, behind the others, when it waits and may have
// one more connection.
func (p *pool) queue(db *database) {
	if db.turn == nil && len(db.waiters) > 0 && db.used < p.each {
		db.turn = p.turns.PushBack(db)
	}
}

// take finds a connection for the database, or room for one.
func (p *pool) take(db *database) (grant, bool) {
	if n := len(db.idle); n > 0 {
		c := db.idle[n-1]
		p.unkeep(db, c)
		db.used++
		return grant{conn: c}, true
	}
	if db.used >= p.each {
		return grant{}, false
	}
	if p.open < p.max {
		p.open++
		db.used++
		return grant{}, true
	}
	oldest := p.idle.Front()
	if oldest == nil {
		return grant{}, false
	}
	evicted := oldest.Value.(*conn)
	other := p.queues[evicted.database]
	p.unkeep(other, evicted)
	p.dropUnused(other)
	db.used++
	return grant{evicted: evicted}, true
}

// A turn is at most so many requests, and so long.
const (
	turnRequests = 8
	turnTime     = 100 * time.Millisecond
)

// stays reports whether a connection may serve one more request in its turn.
func (c *conn) stays() bool {
	c.served++
	return c.served < turnRequests && time.Since(c.turn) < turnTime
}

// begin starts a turn; a connection that is yet to be opened starts its own.
func (g grant) begin() {
	if g.conn != nil {
		g.conn.turn, g.conn.served = time.Now(), 0
	}
}

// hand gives the grant to whoever waits longest.
func (db *database) hand(g grant) {
	db.waiters[0].granted <- g
	db.waiters = db.waiters[1:]
}

func (p *pool) database(name string) *database {
	db := p.queues[name]
	if db == nil {
		db = &database{name: name}
		p.queues[name] = db
	}
	return db
}

func (p *pool) dropUnused(db *database) {
	if db.used == 0 && len(db.idle) == 0 && len(db.waiters) == 0 {
		if db.turn != nil {
			p.turns.Remove(db.turn)
		}
		delete(p.queues, db.name)
	}
}

func (db *database) forget(w *waiter) {
	for i, other := range db.waiters {
		if other == w {
			db.waiters = append(db.waiters[:i:i], db.waiters[i+1:]...)
			return
		}
	}
}
