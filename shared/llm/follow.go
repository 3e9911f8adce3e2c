package llm

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// follow answers a call with what another one receives: a stream as it comes,
// else when it is whole. The call is counted among the followers already.
// errAdrift says that it comes to no good end.
func (c *Coats) follow(ctx context.Context, req *Request, f *flight) (*Reply, error) {
	for {
		f.mu.Lock()
		state, stream, some, fed, changed := f.state, f.stream, len(f.log) > 0, f.fed, (<-chan struct{})(nil)
		old := f.kept == nil && (some || state == landed) && !f.end.Asked.After(req.Verdict.Voided)
		ready := state != flying || stream && req.Stream && some
		if !ready {
			changed = f.change()
		}
		f.mu.Unlock()
		if !fed {
			req.cache.claimed = false // the claim is that of the call that leads here
		}
		switch {
		case state == lost, old: // asked before something was declared void, the call after it
			f.leave()
			return nil, errAdrift
		case stream && req.Stream && some:
			return c.ride(ctx, req, f)
		case state == landed:
			defer f.leave()
			return c.share(req, f)
		}
		if err := f.wait(ctx, changed, followPatience); err != nil {
			f.leave()
			return nil, err
		}
	}
}

// share answers with what a flight brought, whole.
func (c *Coats) share(req *Request, f *flight) (*Reply, error) {
	f.mu.Lock()
	e, end, log, stream := f.kept, f.end, f.log, f.stream
	f.mu.Unlock()
	if e == nil {
		e = &entry{Asked: end.Asked, Tokens: end.Tokens, Tier: end.Tier, Dropped: end.Dropped, body: log}
		ok := true
		if stream {
			e.body, ok = assemble(req.Kind, req.Inbound, log, req.Doc.Raw, e)
		}
		if !ok {
			return nil, errAdrift
		}
	}
	return c.replay(req, e)
}

// ride answers a streamed call with the stream of another one.
func (c *Coats) ride(ctx context.Context, req *Request, f *flight) (*Reply, error) {
	s := &followed{ctx: ctx, flight: f, req: req}
	if req.Kind != Completion {
		r, err := req.Canonical()
		if err != nil {
			f.leave()
			return nil, err
		}
		s.reader, s.writer = req.Inbound.NewReader(), req.Inbound.NewWriter(r)
	}
	c.giveUp(req)
	req.cache.served = true
	return &Reply{Status: http.StatusOK, Stream: s}, nil
}

// followed is the stream of another call, told under an id of its own.
type followed struct {
	ctx    context.Context //nolint:containedctx // of the call
	flight *flight
	req    *Request
	reader canonical.Reader // nil: frames pass as they are
	writer canonical.Writer
	in     sse.Reader
	events []canonical.Event
	at     int
	out    []byte
	usage  Usage
	over   bool
	closed bool
}

// Next implements Stream.
func (s *followed) Next() (Chunk, error) {
	for !s.over {
		piece, state, end, changed := s.news()
		if len(piece) > 0 {
			if err := s.read(piece); err != nil {
				return Chunk{}, err
			}
			if len(s.out) > 0 && state != landed {
				return Chunk{Raw: s.out, Content: true}, nil
			}
			if len(s.out) > 0 {
				return Chunk{Raw: s.out, Content: true, More: true}, nil
			}
			continue
		}
		switch state {
		case landed:
			return s.last(end), nil
		case lost:
			return Chunk{}, errSharedBroke
		}
		if err := s.flight.wait(s.ctx, changed, followPatience); err != nil {
			if errors.Is(err, errAdrift) {
				err = errSharedBroke
			}
			return Chunk{}, err
		}
	}
	return Chunk{}, io.EOF
}

var errSharedBroke = &dcoder.Error{
	Status: http.StatusBadGateway, Code: "upstream_cut", Message: "the provider's answer broke off before its end",
}

// news is what came since the last time, and a channel to wait on when that is
// nothing yet.
func (s *followed) news() (piece []byte, state flightState, end flightEnd, changed <-chan struct{}) {
	f := s.flight
	f.mu.Lock()
	defer f.mu.Unlock()
	piece = f.log[s.at:len(f.log):len(f.log)]
	s.at = len(f.log)
	if len(piece) == 0 && f.state == flying {
		changed = f.change()
	}
	return piece, f.state, f.end, changed
}

// read tells whole events in the follower's own stream. The end waits until the
// flight has landed well, and what was used is known.
func (s *followed) read(piece []byte) error {
	s.out = s.out[:0]
	if s.reader == nil {
		s.out = append(s.out, piece...)
		return nil
	}
	s.in.Reset(bytes.NewReader(piece), 0)
	for {
		e, err := s.in.Next()
		if err != nil {
			return nil //nolint:nilerr // a piece holds whole events
		}
		if !e.HasData {
			continue
		}
		if s.events, err = s.reader.Read(s.events[:0], e); err != nil {
			return errSharedBroke
		}
		for i := range s.events {
			s.tell(&s.events[i])
		}
	}
}

func (s *followed) tell(e *canonical.Event) {
	switch e.Kind {
	case canonical.EventStart:
		e.ID, e.Created = freshID(s.req.Kind), time.Now().Unix()
	case canonical.EventEnd:
		return
	}
	s.out = s.writer.Write(s.out, e)
}

// last ends the stream.
func (s *followed) last(end flightEnd) Chunk {
	s.over = true
	s.usage = Usage{Tokens: end.Tokens, Reported: true, ServiceTier: end.Tier}
	s.out = s.out[:0]
	if s.writer != nil {
		u := canonical.Usage{Tokens: end.Tokens, Reported: true}
		s.out = s.writer.Write(s.out, &canonical.Event{Kind: canonical.EventUsage, Usage: &u})
		s.out = s.writer.Write(s.out, &canonical.Event{Kind: canonical.EventEnd})
	}
	return Chunk{Raw: s.out, Content: true, Usage: &s.usage, Last: true}
}

// Close implements Stream.
func (s *followed) Close() {
	if !s.closed {
		s.closed = true
		s.flight.leave()
	}
}
