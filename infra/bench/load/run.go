// Package load is a lean closed-loop HTTP/1.1 load generator: a fixed number of
// keep-alive connections, each of which writes prepared bytes, reads one answer
// and begins again. It parses no more than it must to find an answer's end, so
// that on a small machine the measured program gets the processor.
//
// It is no general HTTP client: no redirects, no TLS, no pipelining.
package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Plan is one measurement.
type Plan struct {
	Addr     string        // host:port
	Conns    int           // open at once, all busy
	Requests [][]byte      // whole requests, header and body; each connection walks through all of them
	Warm     time.Duration // load that is not counted
	Window   time.Duration // load that is counted
	Ends     string        // what the payload of a whole answer ends in; "" for anything
	AtStart  func()        // called when the window opens and closes: read counters here
	AtEnd    func()        //
}

// Result is what was seen of requests that began and ended inside the window.
type Result struct {
	Latencies []time.Duration // request's first byte out to answer's last byte in; sorted
	Firsts    []time.Duration // to the payload's first byte; sorted
	Elapsed   time.Duration   // of the window
	Failed    int             // answers other than a whole 200, and broken connections
	Failure   string          // the first of them
}

// Rate is the number of good answers a second.
func (r *Result) Rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(len(r.Latencies)) / r.Elapsed.Seconds()
}

const (
	warming int32 = iota
	measuring
	stopping
)

// mostFailures ends a run that gets nowhere.
const mostFailures = 1000

// Run loads the address as planned. It fails when no connection can be opened,
// and returns early, with what was seen, when ctx ends.
func Run(ctx context.Context, p *Plan) (*Result, error) {
	var phase atomic.Int32
	clients := make([]*client, p.Conns)
	for i := range clients {
		clients[i] = &client{plan: p, phase: &phase, next: i}
		if err := clients[i].dial(ctx); err != nil {
			closeAll(clients[:i])
			return nil, err
		}
	}
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() { c.loop(ctx) })
	}
	elapsed := walk(ctx, p, &phase)
	wg.Wait()
	return gather(clients, elapsed), nil
}

// walk goes through the phases and returns how long the window was open.
func walk(ctx context.Context, p *Plan, phase *atomic.Int32) time.Duration {
	pause(ctx, p.Warm)
	call(p.AtStart)
	began := time.Now()
	phase.Store(measuring)
	pause(ctx, p.Window)
	phase.Store(stopping)
	elapsed := time.Since(began)
	call(p.AtEnd)
	return elapsed
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func call(f func()) {
	if f != nil {
		f()
	}
}

func closeAll(clients []*client) {
	for _, c := range clients {
		_ = c.conn.Close()
	}
}

func gather(clients []*client, elapsed time.Duration) *Result {
	r := &Result{Elapsed: elapsed}
	for _, c := range clients {
		r.Latencies = append(r.Latencies, c.latencies...)
		r.Firsts = append(r.Firsts, c.firsts...)
		r.Failed += c.failed
		if r.Failure == "" {
			r.Failure = c.failure
		}
	}
	slices.Sort(r.Latencies)
	slices.Sort(r.Firsts)
	return r
}

// client is one connection and what it saw.
type client struct {
	plan  *Plan
	phase *atomic.Int32
	next  int // index of the next request
	conn  net.Conn
	br    *bufio.Reader
	res   Response

	latencies, firsts []time.Duration
	failed            int
	failure           string
}

func (c *client) dial(ctx context.Context) error {
	d := net.Dialer{Timeout: 10 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", c.plan.Addr)
	if err != nil {
		return fmt.Errorf("open a connection to %s: %w", c.plan.Addr, err)
	}
	// One deadline for all: a timer for each request would cost more than it tells.
	_ = conn.SetDeadline(time.Now().Add(c.plan.Warm + c.plan.Window + 30*time.Second))
	c.conn, c.br = conn, bufio.NewReaderSize(conn, 16<<10)
	return nil
}

func (c *client) loop(ctx context.Context) {
	defer func() { _ = c.conn.Close() }()
	for c.phase.Load() != stopping && ctx.Err() == nil && c.failed < mostFailures {
		before := c.phase.Load()
		began := time.Now()
		err := c.exchange()
		ended := time.Now()
		if err != nil {
			c.fail(err)
		} else if before == measuring && c.phase.Load() == measuring {
			c.latencies = append(c.latencies, ended.Sub(began))
			c.firsts = append(c.firsts, c.res.First.Sub(began))
		}
		if err != nil && !errors.Is(err, errAnswer) || c.res.Close {
			if c.reopen(ctx) != nil {
				return
			}
		}
	}
}

// errAnswer marks a whole answer that is not the wanted one.
var errAnswer = errors.New("unwanted answer")

func (c *client) exchange() error {
	req := c.plan.Requests[c.next%len(c.plan.Requests)]
	c.next++
	if _, err := c.conn.Write(req); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := c.res.Read(c.br); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if c.res.Status != 200 {
		return fmt.Errorf("%w: status %d, %d bytes", errAnswer, c.res.Status, c.res.Body)
	}
	if c.plan.Ends != "" && !c.res.Ends(c.plan.Ends) {
		return fmt.Errorf("%w: %d bytes that end in %q", errAnswer, c.res.Body, c.res.tail[:c.res.kept])
	}
	return nil
}

func (c *client) fail(err error) {
	c.failed++
	if c.failure == "" {
		c.failure = err.Error()
	}
}

func (c *client) reopen(ctx context.Context) error {
	_ = c.conn.Close()
	err := c.dial(ctx)
	if err != nil {
		c.fail(err)
	}
	return err
}
