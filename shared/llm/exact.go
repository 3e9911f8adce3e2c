package llm

import (
	"context"
	"errors"
	"time"
)

// exact is the outer coat of the exact cache, around admission: it says under
// which key an answer would be kept, keeps the answers of calls that reach a
// provider, and lets a call that others share go on when its own client leaves.
type exact struct {
	next Model
	*Coats
}

// Complete implements Model.
func (e exact) Complete(ctx context.Context, req *Request) (*Reply, error) {
	k := &req.cache
	k.hit, k.served, k.claimed, k.leads, k.flies, k.tail = nil, false, false, nil, false, nil
	e.shelve(req)
	if !k.on || k.bypass != "" {
		return e.next.Complete(ctx, req)
	}
	t := newTether(ctx)
	k.tether = t
	rep, err := e.next.Complete(t.inner, req)
	e.giveUp(req)
	if err != nil || rep.Stream == nil {
		e.whole(req, rep, err)
		t.end()
		return rep, err
	}
	rep.Stream = &shelved{Stream: rep.Stream, Coats: e.Coats, req: req, tether: t, flight: k.leads}
	return rep, nil
}

// whole ends a flight whose answer came whole, or failed.
func (e exact) whole(req *Request, rep *Reply, err error) {
	f := req.cache.leads
	if f == nil {
		return
	}
	if err != nil {
		f.lose()
		e.end(req, f, nil)
		return
	}
	f.add(rep.Body.B)
	f.land(e.endOf(req, rep.Usage))
	closed := rep.closed
	rep.closed = func(err error) { // the client first
		if closed != nil {
			closed(err)
		}
		e.end(req, f, &rep.Usage)
	}
}

func (c *Coats) endOf(req *Request, u Usage) flightEnd {
	return flightEnd{Asked: req.Verdict.Time, Tokens: u.Tokens, Tier: u.ServiceTier, Dropped: req.Dropped}
}

// answered is the inner coat of the exact cache, behind admission: it gives a
// kept answer, or another call's, in place of the provider's.
type answered struct {
	next Model
	*Coats
}

// Complete implements Model.
func (a answered) Complete(ctx context.Context, req *Request) (*Reply, error) {
	k := &req.cache
	if !k.on || k.bypass != "" {
		return a.next.Complete(ctx, req)
	}
	if k.of != &req.Doc.Raw[0] || req.Degraded || req.guardDid != "" { // masked since, or nobody was asked
		a.giveUp(req)
		k.hit, k.bypass = nil, "guardrail"
		if req.Degraded {
			k.bypass = "degraded"
		}
		return a.next.Complete(ctx, req)
	}
	if k.hit != nil {
		return a.replay(req, k.hit)
	}
	if !k.control.reads() {
		k.leads = &flight{stream: req.Stream} // for who asks later
		return a.next.Complete(ctx, req)
	}
	return a.share(ctx, req)
}

// rounds is how often a call follows another one before it goes out itself.
const rounds = 2

// share follows who asks the same just now, or leads.
func (a answered) share(ctx context.Context, req *Request) (*Reply, error) {
	k := &req.cache
	for round := range rounds {
		if e := a.late(ctx, req, round); e != nil {
			k.hit, k.age = e, 0
			return a.replay(req, e)
		}
		f, lead := a.flights.join(k.flight.Entry)
		if lead && (round > 0 || !a.elsewhere(req)) {
			return a.lead(ctx, req, f)
		}
		if lead {
			f.mu.Lock()
			f.followers++
			f.mu.Unlock()
			a.feed(f, k.flight, req.Verdict.Holder)
		}
		rep, err := a.follow(ctx, req, f)
		if !errors.Is(err, errAdrift) {
			return rep, err
		}
	}
	return a.next.Complete(ctx, req)
}

// elsewhere reports whether another process leads the flight.
func (a answered) elsewhere(req *Request) bool {
	v := &req.Verdict
	return !v.Claimed && v.Holder != "" && v.Holder != a.Shelf.Holder()
}

// late looks once more for an answer when a flight of this process ended between
// the ledger's look at the shelf and now.
func (a answered) late(ctx context.Context, req *Request, round int) *entry {
	k, v := &req.cache, &req.Verdict
	if round > 0 || v.Claimed || v.Holder != a.Shelf.Holder() || a.flights.there(k.flight.Entry) {
		return nil
	}
	sealed, err := a.Shelf.Find(ctx, k.flight.Entry)
	if err != nil || sealed == nil {
		return nil
	}
	e := a.good(ctx, req, sealed)
	if e == nil || !k.control.takes(max(v.Time.Sub(e.Asked), 0)) {
		return nil
	}
	return e
}

// lead calls the provider for all.
func (a answered) lead(ctx context.Context, req *Request, f *flight) (*Reply, error) {
	k := &req.cache
	f.mu.Lock()
	f.stream, f.end.Asked = req.Stream, req.Verdict.Time
	f.mu.Unlock()
	k.leads, k.flies, k.claimed = f, true, false
	k.tether.lead(f)
	if req.Verdict.Claimed {
		of := k.flight
		a.Shelf.Lead(of, func() []byte { return a.piece(f, of) })
	}
	done := false
	defer func() {
		if !done {
			f.lose() // the model panicked
			a.flights.remove(k.flight.Entry, f)
		}
	}()
	rep, err := a.next.Complete(ctx, req)
	done = true
	return rep, err
}

// tether ties a call to its client, unless others share it.
type tether struct {
	inner  context.Context //nolint:containedctx // of the call
	cancel context.CancelCauseFunc
	stop   func() bool
	flight chan *flight // at most one, that the call leads
}

func newTether(ctx context.Context) *tether {
	t := &tether{flight: make(chan *flight, 1)}
	t.inner, t.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	t.stop = context.AfterFunc(ctx, func() { t.gone(context.Cause(ctx)) })
	return t
}

func (t *tether) lead(f *flight) { t.flight <- f }

// gone ends the call when its client has left and nobody shares it, or when
// there is a better reason.
func (t *tether) gone(cause error) {
	end := func() { t.cancel(cause) }
	select {
	case f := <-t.flight:
		if errors.Is(cause, context.Canceled) {
			f.abandon(end)
			return
		}
	default:
	}
	end()
}

func (t *tether) end() {
	t.stop()
	t.cancel(nil)
}

// followPatience is how long a call follows another without hearing of it.
const followPatience = time.Minute
