package postgres

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

var errPoolClosed = errors.New("the databases are closed")

// keep puts a connection with the idle ones, and sees to it that it is closed
// when nobody wants it. The timer exists only while something is idle, so that a
// process at rest runs nothing.
func (p *pool) keep(db *database, c *conn) {
	c.since = time.Now()
	db.idle = append(db.idle, c)
	c.place = p.idle.PushBack(c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.idleFor, p.closeIdle)
	}
}

func (p *pool) unkeep(db *database, c *conn) {
	db.idle = slices.DeleteFunc(db.idle, func(other *conn) bool { return other == c })
	p.idle.Remove(c.place)
}

// closeIdle closes what has been idle for long, and comes back for the rest.
func (p *pool) closeIdle() {
	for _, c := range p.takeIdle(time.Now().Add(-p.idleFor)) {
		c.quit()
	}
}

func (p *pool) takeIdle(before time.Time) []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep = nil
	var old []*conn
	for e := p.idle.Front(); e != nil; e = p.idle.Front() {
		c := e.Value.(*conn)
		if left := c.since.Sub(before); left > 0 && !p.closed {
			p.sweep = time.AfterFunc(left, p.closeIdle)
			break
		}
		db := p.queues[c.database]
		p.unkeep(db, c)
		p.dropUnused(db)
		p.open--
		old = append(old, c)
	}
	return old
}

// close refuses new borrowers and closes idle connections; lent ones are closed
// when they come back.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.sweep != nil {
		p.sweep.Stop()
	}
	p.mu.Unlock()
	for _, c := range p.takeIdle(time.Now()) {
		c.quit()
	}
}

// quit says goodbye and waits until the server has closed its end, so that what
// is counted here is what the server has. One that broke is closed by its driver,
// which may still be at it.
func (c *conn) quit() {
	raw, err := c.PgConn().Hijack()
	if err != nil {
		select {
		case <-c.PgConn().CleanupDone():
		case <-time.After(goodbye):
		}
		return
	}
	_ = raw.Conn.SetDeadline(time.Now().Add(goodbye))
	raw.Frontend.Send(&pgproto3.Terminate{})
	if raw.Frontend.Flush() == nil {
		_, _ = io.Copy(io.Discard, raw.Conn)
	}
	_ = raw.Conn.Close() // it is gone either way
}

const goodbye = 2 * time.Second
