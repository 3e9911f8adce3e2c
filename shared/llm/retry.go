package llm

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// retry repeats a call that failed before any content, when a repetition can
// help: with another credential for the same service at once, with the same one
// after a pause, and never for longer than the client of a completion would wait.
type retry struct {
	next Model
	*Coats
}

// longestPause is the most that a call waits inside the gateway for one
// provider; a longer Retry-After goes to the client.
const longestPause = 10 * time.Second

// Complete implements Model.
func (r retry) Complete(ctx context.Context, req *Request) (*Reply, error) {
	var failed error
	for tries := 0; ; {
		rep, tried, err := r.try(ctx, req)
		if err == nil {
			return rep, nil
		}
		if tried {
			tries++
		}
		if tried || failed == nil {
			failed = err
		}
		now := time.Now()
		if req.giveUp.IsZero() {
			req.giveUp = now.Add(r.RetryBudget)
		}
		pause, ok := r.again(req, failed, now)
		if !ok || tries >= r.RetryMost || pause > longestPause || now.Add(pause).After(req.giveUp) || !sleep(ctx, pause) {
			return nil, failed
		}
	}
}

// try calls the candidate, unless it is to be left alone just now.
func (r retry) try(ctx context.Context, req *Request) (rep *Reply, tried bool, err error) {
	h, begun := req.Candidate().health, time.Now()
	turn := h.enter(begun)
	if !turn.ok {
		return nil, false, coolingFailure(req, h.cause(), begun, max(h.wait(begun), time.Millisecond))
	}
	turn.lone = len(req.Candidates)+len(req.rest) == 1
	req.Tries++
	if req.hop != nil {
		req.hop.begin(ctx, r.Coats, req)
	}
	req.watch.begin(begun)
	rep, err = r.next.Complete(ctx, req)
	now := time.Now()
	if err == nil {
		req.watch.answer()
		h.pace.of(req.Stream).add(now, now.Sub(begun))
	}
	h.leave(now, turn, timedOut(ctx, err))
	return rep, true, err
}

// again chooses the candidate of the next try and says how long to wait for it:
// another one that may be called, else the one that may be called first.
func (r retry) again(req *Request, err error, now time.Time) (pause time.Duration, ok bool) {
	var f *Failure
	if !errors.As(err, &f) || !f.Retry && !ofCredential(f) {
		return 0, false
	}
	at := int(req.at.Load())
	best := -1
	for i := range req.Candidates {
		next := (at + 1 + i) % len(req.Candidates)
		wait := req.Candidates[next].health.wait(now)
		if next == at {
			if ofCredential(f) {
				continue
			}
			wait = max(wait, r.pause(req, f))
		}
		if best < 0 || wait < pause {
			best, pause = next, wait
		}
	}
	if best >= 0 {
		req.at.Store(int32(best)) //nolint:gosec // an index
	}
	return pause, best >= 0
}

// pause is how long to leave the same deployment alone: what the provider asks
// for, or a doubling pause of which half is random.
func (r retry) pause(req *Request, f *Failure) time.Duration {
	if f.After > 0 {
		return f.After + time.Duration(rand.Int64N(int64(r.RetryPause)))
	}
	d := r.RetryPause << min(max(req.Tries-1, 0), 6)
	return d/2 + time.Duration(rand.Int64N(int64(d/2)+1))
}

// sleep reports whether the pause passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
