package llmsim

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
)

// flow plays a script to a client at the wanted pace, and fails on the way as
// the fault says.
type flow struct {
	x    *exchange
	ctx  context.Context
	rc   *http.ResponseController
	pace Latency
}

func newFlow(x *exchange) *flow {
	return &flow{x: x, ctx: x.r.Context(), rc: http.NewResponseController(x.w), pace: x.s.pace().plus(x.fault.Latency)}
}

var (
	completed = outcome{state: StateCompleted, status: http.StatusOK}
	aborted   = outcome{state: StateAborted, status: http.StatusOK}
	broken    = outcome{state: StateBroken, status: http.StatusOK}
	severed   = outcome{state: StateBroken, status: http.StatusOK, sever: true}
)

// refuse answers an error, as late as the headers of an answer would be.
func (f *flow) refuse(p *problem) outcome {
	if wait(f.ctx, f.pace.Headers) != nil {
		return outcome{state: StateAborted, status: p.status}
	}
	f.x.fail(p)
	return outcome{state: StateRefused, status: p.status}
}

func (f *flow) play(sc *script) outcome {
	if wait(f.ctx, f.pace.Headers) != nil {
		return aborted
	}
	fault := &f.x.fault
	switch {
	case fault.Kind == KindGarbage:
		return f.garbage(sc)
	case fault.Kind == KindCut && fault.After == 0:
		return severed
	case fault.Kind == KindSilence && fault.After == 0, fault.Kind == KindStall && !sc.stream:
		if f.hold() != nil {
			return aborted
		}
	case fault.Kind == KindErrorEvent && !sc.stream:
		return f.refuse(faultProblem(fault))
	}
	if sc.stream {
		return f.stream(sc)
	}
	return f.plain(sc)
}

// hold is silent for as long as the fault says.
func (f *flow) hold() error {
	if f.x.fault.For > 0 {
		return wait(f.ctx, f.x.fault.For)
	}
	<-f.ctx.Done()
	return f.ctx.Err()
}

// stream sends event after event, each flushed.
func (f *flow) stream(sc *script) outcome {
	h := f.x.w.Header()
	h.Set("Content-Type", cmp.Or(sc.kind, "text/event-stream; charset=utf-8"))
	h.Set("Cache-Control", "no-cache")
	f.x.w.WriteHeader(http.StatusOK)
	if f.rc.Flush() != nil {
		return aborted
	}
	if f.x.fault.Kind == KindStall && f.hold() != nil {
		return aborted
	}
	for i, fr := range sc.frames {
		if end, o := f.interrupt(i); end {
			return o
		}
		if f.delay(i, fr.tokens) != nil || f.send(fr) != nil {
			return aborted
		}
	}
	return completed
}

// interrupt does what the fault wants before event i.
func (f *flow) interrupt(i int) (end bool, o outcome) {
	fault := &f.x.fault
	if i != fault.After {
		return false, completed
	}
	switch fault.Kind {
	case KindCut:
		return true, severed
	case KindErrorEvent:
		_ = f.send(frame{data: f.x.d.errorFrame(faultProblem(fault))}) // broken either way
		return true, broken
	case KindSilence:
		if i > 0 && f.hold() != nil {
			return true, aborted
		}
	case KindSlow, KindStatus, KindStall, KindGarbage:
	}
	return false, completed
}

func (f *flow) delay(i, tokens int) error {
	if i == 0 {
		return wait(f.ctx, f.pace.FirstToken)
	}
	return wait(f.ctx, f.pace.PerToken*Duration(tokens))
}

// send writes one event and counts its tokens once the socket has them.
func (f *flow) send(fr frame) error {
	if _, err := f.x.w.Write(fr.data); err != nil {
		return err
	}
	if err := f.rc.Flush(); err != nil {
		return err
	}
	f.x.e.events.Add(1)
	f.x.e.served.Add(int64(fr.tokens))
	return nil
}

// plain sends a whole body; a fault meets it between its halves.
func (f *flow) plain(sc *script) outcome {
	whole := sc.frames[0]
	if wait(f.ctx, f.pace.FirstToken+f.pace.PerToken*Duration(whole.tokens)) != nil {
		return aborted
	}
	f.x.w.Header().Set("Content-Type", "application/json")
	f.x.w.Header().Set("Content-Length", strconv.Itoa(len(whole.data)))
	half := 0
	if f.x.fault.After > 0 {
		half = len(whole.data) / 2
		_, _ = f.x.w.Write(whole.data[:half]) // the second half meets the error too
		_ = f.rc.Flush()
	}
	if end, o := f.interrupt(max(f.x.fault.After, 1)); end && half > 0 {
		return o
	}
	if f.send(frame{data: whole.data[half:], tokens: whole.tokens}) != nil {
		return aborted
	}
	return completed
}
