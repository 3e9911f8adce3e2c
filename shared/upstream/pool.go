package upstream

import (
	"sync"
	"time"
)

// host is where a connection leads.
type host struct {
	secure bool
	name   string // with the port, as in the URL
}

// surelyAlive is how young an idle connection is taken without a look.
const surelyAlive = 50 * time.Millisecond

// pool keeps idle connections, the last one first. It has no goroutine: a timer
// runs while there is something to reap.
type pool struct {
	most     int // of one host
	patience time.Duration

	mu    sync.Mutex
	idle  map[host][]*conn
	timer *time.Timer
}

// get returns an idle connection that the other side has not closed, or nil.
func (p *pool) get(to host) *conn {
	for {
		c := p.pop(to)
		if c == nil {
			return nil
		}
		if idle := time.Since(c.since); idle < surelyAlive || idle < p.patience && c.quiet() {
			return c
		}
		_ = c.raw.Close()
	}
}

func (p *pool) pop(to host) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[to]
	n := len(list)
	if n == 0 {
		return nil
	}
	c := list[n-1]
	list[n-1] = nil
	p.idle[to] = list[:n-1]
	return c
}

// put keeps a connection whose answer was read to its end.
func (p *pool) put(c *conn) {
	c.since = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle[c.to]) >= p.most {
		_ = c.raw.Close()
		return
	}
	if p.idle == nil {
		p.idle = map[host][]*conn{}
	}
	p.idle[c.to] = append(p.idle[c.to], c)
	if p.timer == nil {
		p.timer = time.AfterFunc(p.patience, p.reap)
	}
}

// reap closes what has been idle for too long, the oldest of each host first.
func (p *pool) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	for to, list := range p.idle {
		old := 0
		for old < len(list) && time.Since(list[old].since) >= p.patience {
			_ = list[old].raw.Close()
			old++
		}
		if list = append(list[:0], list[old:]...); len(list) == 0 {
			delete(p.idle, to)
			continue
		}
		p.idle[to] = list
	}
	if len(p.idle) > 0 {
		p.timer = time.AfterFunc(p.patience/2, p.reap)
	}
}

func (p *pool) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range p.idle {
		for _, c := range list {
			_ = c.raw.Close()
		}
	}
	p.idle = nil
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}
