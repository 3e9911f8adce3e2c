package redis

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Admit implements llm.Ledger: one flush to Redis, shared with whoever asks at
// the same time. It waits only while Redis recovers from a loss, for
// Config.Patience at most. After an error nothing is held for the call: what an
// unheard call may have reserved is released without a row.
//
// The limits that a.Limits points to must not change until the call is settled.
func (l *Ledger) Admit(ctx context.Context, a *llm.Admission) (llm.Verdict, error) {
	if !l.circuit.allow() {
		return llm.Verdict{}, unavailable(nil, l.circuit.retryAfter())
	}
	b := l.book(a.Tenant)
	set, err := b.set(a.Limits, a.TimeZone)
	if err != nil {
		return llm.Verdict{}, err
	}
	if err := b.released(ctx, a.ID); err != nil {
		return llm.Verdict{}, err
	}
	h := newHeld(a, set, l.clock.now())
	v, mine, err := l.decide(ctx, b, h, false)
	if err != nil && mine {
		l.forget(b, h)
	}
	if err == nil && !v.Admitted {
		h.free()
	}
	return v, err
}

// Extend implements llm.Ledger. The verdict is refused without naming a limit
// when the reservation is gone: the call was swept, so it must end.
func (l *Ledger) Extend(ctx context.Context, e *llm.Extension) (llm.Verdict, error) {
	if !l.circuit.allow() {
		return llm.Verdict{}, unavailable(nil, l.circuit.retryAfter())
	}
	b := l.book(e.Admission.Tenant)
	set, err := b.set(e.Admission.Limits, e.Admission.TimeZone)
	if err != nil {
		return llm.Verdict{}, err
	}
	now := l.clock.now()
	h := newHeld(e.Admission, b.setOf(e.Admission.ID, set), now)
	h.expiry = now.Add(h.expires).UnixMilli()
	h.beat = appendBeat(h.beat, e.SoFar, e.Cost)
	h.more = e.More
	h.seq = b.extended(e.Admission.ID, e.More)
	v, mine, err := l.decide(ctx, b, h, true)
	if err == nil && v.Admitted {
		b.grown(e.Admission.ID, h, v.Time)
	}
	if mine {
		h.free()
	}
	return v, err
}

// decide asks until the ledger says yes or no. mine is false when a call in
// flight still knows h.
func (l *Ledger) decide(ctx context.Context, b *book, h *held, extend bool) (v llm.Verdict, mine bool, err error) {
	var until time.Time
	for leases := 0; ; {
		b.again(h)
		a, mine := l.ask(ctx, b, h, extend)
		if a.err != nil {
			return v, mine, a.err
		}
		switch a.code {
		case codeStale:
			continue
		case codeCold, codeRecovering:
			if b.again(h) {
				continue
			}
		case codeRefused:
			if x := a.verdict.Exceeded; x.Limit.Scope == dcoder.ScopePlatform && leases < mostLeases {
				leases++
				if more, err := l.leaseMore(ctx, b, h, &a); more || err != nil {
					if err != nil {
						return v, true, err
					}
					continue
				}
			}
			if extend || !l.roomComes(ctx, &a, &until) {
				return a.verdict, true, nil
			}
			continue
		default:
			return a.verdict, true, nil
		}
		if until.IsZero() {
			until = time.Now().Add(l.cfg.Patience)
		}
		if err := l.mend(ctx, b, h.set, a, until); err != nil {
			return v, true, err
		}
	}
}

// mend does what must happen before the question can be answered.
func (l *Ledger) mend(ctx context.Context, b *book, set *limitSet, a answer, until time.Time) error {
	if time.Now().After(until) {
		return recovering(nil)
	}
	if a.code == codeCold {
		return l.seed(ctx, b, set, until)
	}
	wait := min(a.opens.Sub(l.clock.now())+time.Millisecond, time.Until(until))
	return l.pause(ctx, wait)
}

func (l *Ledger) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-l.closed:
		return recovering(nil)
	}
}

// hold remembers the admitted calls of a group until they are settled.
func (l *Ledger) hold(g *group, epoch float64) {
	b, n := g.book, int64(0)
	b.mu.Lock()
	for i, h := range g.calls {
		if !g.answers[i].verdict.Admitted {
			continue
		}
		h.epoch, h.irregular = epoch, g.answers[i].code == codeAgain
		if b.held[h.id] == nil {
			n++
		}
		b.held[h.id] = h
	}
	b.mu.Unlock()
	if n > 0 && l.running.Add(n) == n {
		l.keep()
	}
}

// dropped ends a question that nobody waits for: an admitted one is released.
func (l *Ledger) dropped(h *held) {
	a := h.lastAnswer
	h.lastAnswer = answer{}
	if len(h.beat) > 0 || a.err == nil && !a.verdict.Admitted {
		h.free()
		return
	}
	l.Settle(&llm.Settlement{Admission: &h.admission, Verdict: a.verdict, Release: true})
}

// forget releases what a failed Admit may have reserved.
func (l *Ledger) forget(b *book, h *held) {
	l.Settle(&llm.Settlement{Admission: &h.admission, Verdict: llm.Verdict{Admitted: true}, Release: true})
}

// extended numbers an extension, so that a repeat of it on the wire takes
// nothing twice, and remembers that the reservation is not what was admitted.
func (b *book) extended(id string, more llm.Amounts) int64 {
	seq := time.Now().UnixMicro()
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.held[id]
	if h == nil {
		return seq
	}
	h.seq = max(h.seq+1, seq)
	h.irregular = h.irregular || more != (llm.Amounts{})
	return h.seq
}

// released waits until a release of the same id that is on its way is done.
func (b *book) released(ctx context.Context, id string) error {
	b.mu.Lock()
	done := b.releasing[id]
	b.mu.Unlock()
	if done == nil {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
