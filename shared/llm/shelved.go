package llm

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"
)

// shelved is a stream of a call that the exact cache has to do with. What a
// leading call receives is remembered for who follows, and for the shelf.
type shelved struct {
	Stream
	*Coats
	req    *Request
	tether *tether
	flight *flight // that the call leads; nil: none
	usage  *Usage
	over   bool
	closed bool
}

// Next implements Stream.
func (s *shelved) Next() (Chunk, error) {
	c, err := s.Stream.Next()
	if s.flight == nil {
		return c, err
	}
	s.note(&c, err)
	return c, err
}

func (s *shelved) note(c *Chunk, err error) {
	if err == nil {
		if c.Usage != nil {
			u := *c.Usage
			s.usage = &u
		}
		s.flight.add(c.Raw)
		if !c.Last {
			return
		}
	}
	s.over = true
	if err == nil || errors.Is(err, io.EOF) {
		var u Usage
		if s.usage != nil {
			u = *s.usage
		}
		s.flight.land(s.endOf(s.req, u))
		return
	}
	s.flight.lose()
}

// Close implements Stream. While others follow, the rest is received for them,
// and the call that led pays for it.
func (s *shelved) Close() {
	if s.closed {
		return
	}
	s.closed = true
	if f := s.flight; f != nil {
		for !s.over && f.followed() {
			c, err := s.Stream.Next()
			s.note(&c, err)
			s.req.cache.tail = s.usage
		}
		f.lose() // unless it has landed
		s.end(s.req, f, s.usage)
	}
	s.Stream.Close()
	s.tether.end()
}

// end takes a flight down behind its call: the answer goes to the shelf when it
// is one to give again. It does not wait.
func (c *Coats) end(req *Request, f *flight, u *Usage) {
	k := &req.cache
	of, flies := k.flight, k.flies
	l := &Landing{
		Flight: of, Claimed: flies && req.Verdict.Claimed, TTL: ttl(req),
		Done: func() { c.flights.remove(of.Entry, f) },
	}
	if l.Claimed {
		l.Last = func() []byte { return c.last(f, of) }
	}
	if u == nil || !k.worthKeeping(req, f) || landings.Load() >= mostLandings {
		c.flights.remove(of.Entry, f) // who asks from now on asks anew
		c.Shelf.Land(l)
		return
	}
	landings.Add(1)
	req.Body.Retain()
	a := &assembly{
		Coats: c, flight: f, kind: req.Kind, inbound: req.Inbound, raw: req.Doc.Raw, calls: req.Snapshot.Cache.Calls(), landing: l,
		entry: &entry{Asked: req.Verdict.Time, Tokens: u.Tokens, Tier: u.ServiceTier, Labels: k.labels(req), Dropped: slices.Clone(req.Dropped)},
	}
	body := req.Body
	go func() {
		defer landings.Add(-1)
		defer body.Release()
		a.run()
	}()
}

// landings are answers on their way to the shelf; beyond mostLandings answers are
// not kept.
var landings atomic.Int64

const mostLandings = 256

// worthKeeping reports whether an answer may be given again, as far as that
// shows without reading it: whole, of the model that was asked first, and with
// nothing in it or its question that guardrails remarked on.
func (k *caching) worthKeeping(req *Request, f *flight) bool {
	f.mu.Lock()
	whole := f.state == landed
	f.mu.Unlock()
	return whole && req.guardDid == "" && !req.Degraded && req.Verdict.Admitted && k.bypass == "" && req.at.Load() == 0
}

// ttl is how long an answer is kept: what the policy says, less up to a tenth, so
// that what was asked together does not end together.
func ttl(req *Request) time.Duration {
	d := time.Duration(req.Snapshot.Cache.TTL(req.Candidate().Model)) * time.Second
	return d - time.Duration(int64(d)/10*(int64(req.cache.question[0])+256*int64(req.cache.question[1]))/65536)
}

// last is what other processes hear at the end of a flight.
func (c *Coats) last(f *flight, of Flight) []byte {
	f.lose()
	return c.piece(f, of)
}

// assembly makes of what a flight remembers what the shelf keeps.
type assembly struct {
	*Coats
	flight  *flight
	kind    Kind
	inbound protocol
	raw     []byte // the question
	calls   bool   // answers that call tools are kept
	landing *Landing
	entry   *entry
}

func (a *assembly) run() {
	defer a.Shelf.Land(a.landing)
	f := a.flight
	f.mu.Lock()
	log, stream := f.log, f.stream
	f.mu.Unlock()
	body, ok := worth(a.kind, a.inbound, log, a.raw, stream, a.calls, a.entry)
	if !ok || len(body) > mostShelved {
		a.flights.remove(a.landing.Entry, f) // who asks from now on asks anew
		return
	}
	a.entry.body = body
	of := a.landing.Flight
	if sealed, err := a.entry.seal(context.Background(), a.Sealer, of.Tenant, of.Entry); err == nil {
		a.landing.Sealed = sealed
	}
}
