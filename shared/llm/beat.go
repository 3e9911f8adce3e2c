package llm

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// beat keeps a running call's reservation: a heartbeat now and then, which also
// tells of revoked keys, and more room when the answer grows out of it. It holds
// no goroutine between two heartbeats.
type beat struct {
	*Coats
	ctx    context.Context //nolint:containedctx // of the call; a heartbeat begins on a timer, not in a caller
	cancel context.CancelCauseFunc
	req    *Request
	timer  *time.Timer
	over   atomic.Bool
	clock  clock     // the timer's own
	asks   time.Time // when the next heartbeat is due; the timer's own

	mu   sync.Mutex // one question at a time
	snap *dcoder.Snapshot
	held int64 // output tokens
}

func (a admit) newBeat(ctx context.Context, cancel context.CancelCauseFunc, req *Request) *beat {
	b := &beat{Coats: a.Coats, ctx: ctx, cancel: cancel, req: req, snap: req.Snapshot, held: req.asked.output}
	b.clock = newClock(a.timeouts(req), req)
	if req.Degraded && !b.clock.some() {
		return b
	}
	now := time.Now()
	b.asks = now.Add(b.Beat)
	b.timer = time.AfterFunc(time.Hour, b.tick) // not to fire before the field is set
	_, next := b.clock.look(now, req)
	b.timer.Reset(b.rest(now, next))
	return b
}

// rest is how long the timer may sleep that the clock wants again after next.
func (b *beat) rest(now time.Time, next time.Duration) time.Duration {
	if b.req.Degraded {
		return next
	}
	return min(next, max(b.asks.Sub(now), time.Millisecond))
}

// stop ends the heartbeats and cancels what still runs upstream.
func (b *beat) stop() {
	b.over.Store(true)
	stopped := b.timer == nil || b.timer.Stop()
	b.cancel(nil)
	if !stopped {
		b.mu.Lock()   // a heartbeat under way reads the request, which goes on without it
		b.mu.Unlock() //nolint:staticcheck // as said
	}
}

func (b *beat) tick() {
	if b.over.Load() {
		return
	}
	now := time.Now()
	passed, next := b.clock.look(now, b.req)
	if passed != nil {
		b.cancel(passed)
		return
	}
	if !b.req.Degraded && !now.Before(b.asks) {
		if err := b.ask(Amounts{}); err != nil {
			b.cancel(err)
			return
		}
		b.asks = now.Add(b.Beat)
	}
	if !b.over.Load() {
		b.timer.Reset(b.rest(now, next))
	}
}

// ask tells how far the call has come and asks for more. An error is the reason
// to end the call.
func (b *beat) ask(more Amounts) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(b.ctx, b.LedgerPeriod)
	defer cancel()
	soFar := dcoder.Tokens{Input: b.req.input, Output: b.req.delivered.Load()}
	v, err := b.Ledger.Extend(ctx, &Extension{
		Admission: &b.req.Admission, Verdict: b.req.Verdict, SoFar: soFar,
		Cost: price.Cost(b.req.Candidate().Price, &soFar), More: more,
	})
	if err != nil {
		if b.ctx.Err() == nil {
			slog.WarnContext(ctx, "heartbeat of a call", "call", b.req.ID, "error", err)
		}
		return nil // the call goes on; without heartbeats its row is swept and corrected later
	}
	snap, err := b.Fresh.Fresh(ctx, b.snap, v.TenantGen, v.KeyGen, v.Dirty)
	if err != nil {
		return revoked(err)
	}
	b.snap = snap
	if !v.Admitted && more != (Amounts{}) {
		return outgrown(&v)
	}
	return nil
}

// revoked lets a call go on when the credential could not be checked, and ends
// it when it is no longer good.
func revoked(err error) error {
	if e := dcoder.AsError(err); e.Status >= 400 && e.Status < 500 {
		return e
	}
	return nil
}

// outgrown ends a call that no limit has room for any more. Limits of a minute
// let it finish: what it takes counts, and the next call waits.
func outgrown(v *Verdict) error {
	if v.Exceeded == nil || v.Exceeded.Limit.Window == dcoder.WindowMinute {
		return nil
	}
	return refuse(v)
}

// grow asks for as much room again when four fifths of it are used.
func (b *beat) grow(delivered int64) error {
	if b.req.Degraded || b.held == 0 || delivered*5 < b.held*4 || b.enough() {
		return nil
	}
	more := Amounts{Tokens: b.req.asked.output}
	more.Money = b.req.worth(b.req.Candidate(), 0, more.Tokens)
	b.held += more.Tokens
	return b.ask(more)
}

// enough reports whether the whole answer that may come is held.
func (b *beat) enough() bool {
	return b.req.asked.strict || b.req.MaxTokens > 0 && b.held >= times(b.req.MaxTokens, b.req.Choices)
}

// admitted is a stream whose reservation lives as long as it does.
type admitted struct {
	Stream
	beat *beat
}

// Next implements Stream.
func (s *admitted) Next() (Chunk, error) {
	w := &s.beat.req.watch
	w.turn()
	c, err := s.Stream.Next()
	w.turn()
	if errors.Is(err, io.EOF) {
		return c, io.EOF // a client may leave as soon as it has the terminal event
	}
	if err != nil {
		return c, ended(s.beat.ctx, err)
	}
	if c.Tokens > 0 {
		if err := s.beat.grow(s.beat.req.delivered.Load() + c.Tokens); err != nil {
			s.beat.req.delivered.Add(c.Tokens) // received, though not delivered
			return Chunk{}, err
		}
	}
	return c, nil
}

// Close implements Stream.
func (s *admitted) Close() {
	s.beat.stop()
	s.Stream.Close()
}
