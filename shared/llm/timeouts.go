package llm

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Codes of a call that took too long, each saying which of its bounds was passed.
const (
	codeFirst = codeTimeout + "_first_token"
	codeIdle  = codeTimeout + "_idle"
	codeTotal = codeTimeout + "_total"
)

func late(code, message string) *dcoder.Error {
	return &dcoder.Error{Status: http.StatusGatewayTimeout, Code: code, Message: message}
}

var (
	errFirst = late(codeFirst, "the provider did not begin its answer in time")
	errIdle  = late(codeIdle, "the provider's answer stopped in the middle")
	errTotal = late(codeTotal, "the answer took longer than a call may take here")
)

// timeouts are those of a call: its alias's, its tenant's, this process's.
func (c *Coats) timeouts(req *Request) dcoder.Timeouts {
	t := c.Timeouts
	if s := req.Snapshot; s.Tenant.Timeouts != (dcoder.Timeouts{}) {
		t = s.Tenant.Timeouts.Or(t)
	}
	if routes := req.Snapshot.Routes; len(routes) > 0 {
		t = routes[req.Model].Timeouts.Or(t)
	}
	return t
}

// watch is what a running call lets its clock see. It costs two additions for
// each event of a stream, and no look at the time.
type watch struct {
	begun atomic.Int64 // Unix ns of the present try, 0 before the first
	flows atomic.Bool  // the answer has begun
	turns atomic.Int64 // odd while the provider's next event is waited for
}

func (w *watch) begin(now time.Time) { w.begun.Store(now.UnixNano()) }

func (w *watch) answer() { w.flows.Store(true) }

// turn says that waiting for the provider begins, or ends: a client that reads
// slowly is not the provider's silence.
func (w *watch) turn() { w.turns.Add(1) }

func (w *watch) reset() {
	w.begun.Store(0)
	w.flows.Store(false)
	w.turns.Store(0)
}

// clock compares a call with its timeouts whenever its timer looks.
type clock struct {
	first, idle, total time.Duration
	seen               int64     // turns at the last look
	since              time.Time // when they were first seen
}

func newClock(t dcoder.Timeouts, req *Request) clock {
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	c := clock{total: ms(t.TotalMS)}
	if req.Stream {
		c.first, c.idle = ms(t.FirstTokenMS), ms(t.IdleMS)
	}
	return c
}

func (c *clock) some() bool { return c.first > 0 || c.idle > 0 || c.total > 0 }

const never = time.Duration(math.MaxInt64)

// look returns the bound that is passed, if one is, and when to look again.
func (c *clock) look(now time.Time, req *Request) (passed *dcoder.Error, next time.Duration) {
	next = never
	if c.total > 0 {
		if next = req.Begun.Add(c.total).Sub(now); next <= 0 {
			return errTotal, 0
		}
	}
	w := &req.watch
	switch {
	case c.first > 0 && !w.flows.Load():
		left := c.first
		if begun := w.begun.Load(); begun != 0 {
			left -= time.Duration(now.UnixNano() - begun)
		}
		if left <= 0 {
			return errFirst, 0
		}
		if next = min(next, left); c.idle > 0 {
			next = min(next, c.idle) // it may begin to flow meanwhile
		}
	case c.idle > 0 && w.flows.Load():
		if turns := w.turns.Load(); turns != c.seen || turns%2 == 0 || c.since.IsZero() {
			c.seen, c.since = turns, now
		}
		if now.Sub(c.since) >= c.idle {
			return errIdle, 0
		}
		next = min(next, max(c.idle/idleLooks, time.Millisecond))
	case c.idle > 0:
		next = min(next, c.idle)
	}
	return nil, next
}

// idleLooks is how often a silence is looked at: it ends by so much of itself too
// late at most, and nothing is done for each event.
const idleLooks = 8

// timedOut is err as the fault of the deployment that it is, when a clock ended
// the try; what the whole call took is not the fault of its last try.
func timedOut(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var e *dcoder.Error
	if errors.As(context.Cause(ctx), &e) && isTimeout(e) {
		return &Failure{Public: e}
	}
	return err
}

// isTimeout reports whether one answer took too long to begin or to go on.
func isTimeout(e *dcoder.Error) bool {
	return strings.HasPrefix(e.Code, codeTimeout) && e.Code != codeTotal
}
