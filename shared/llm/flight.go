package llm

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// flight is a call under way, as this process sees it: what came so far, and
// whether more will. One call leads, or a process elsewhere does; others that ask
// the same follow.
type flight struct {
	mu        sync.Mutex
	log       []byte // whole events of a stream, or a whole body
	stream    bool
	state     flightState
	end       flightEnd     // once it has landed; when it was asked, before
	kept      *entry        // where only the kept answer came from elsewhere
	grown     chan struct{} // closed when something changed; nil: nobody waits
	followers int           // in this process
	elsewhere bool          // another process follows
	fed       bool          // another process leads
	told      int           // of log, to other processes
	forgotten bool
	left      func() // once nobody follows any more; nil: somebody still leads
}

type flightState uint8

const (
	flying flightState = iota
	landed             // whole
	lost               // it will not come to a good end
)

// flightEnd is what is known of a whole answer besides its bytes.
type flightEnd struct {
	Asked   time.Time     `json:"a"`
	Tokens  dcoder.Tokens `json:"t"`
	Tier    string        `json:"s,omitempty"`
	Dropped []string      `json:"d,omitempty"`
}

// Bounds of what is remembered of calls under way, bytes: of one that nobody
// follows, of one that somebody does, and of all in this process.
const (
	mostAlone    = 2 << 20
	mostFollowed = 16 << 20
	mostInFlight = 64 << 20
)

// inFlight is what all flights remember now.
var inFlight atomic.Int64

// errAdrift says that a flight will not come to a good end for who follows.
var errAdrift = errors.New("the call that this one shared came to no good end")

// add takes what came. It reports false when the flight is too long to remember.
func (f *flight) add(piece []byte) bool {
	if len(piece) == 0 {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state != flying {
		return false
	}
	size, followed := len(f.log)+len(piece), f.followers > 0 || f.elsewhere
	if followed && size > mostFollowed || !followed && (size > mostAlone || inFlight.Load() > mostInFlight) {
		f.over(lost)
		return false
	}
	inFlight.Add(int64(len(piece)))
	f.log = append(f.log, piece...)
	f.stir()
	return true
}

// stir wakes who waits.
func (f *flight) stir() {
	if f.grown != nil {
		close(f.grown)
		f.grown = nil
	}
}

func (f *flight) over(s flightState) {
	f.state = s
	f.stir()
}

// land ends a flight well, lose badly; the first of them counts.
func (f *flight) land(e flightEnd) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == flying {
		f.end = e
		f.over(landed)
	}
}

func (f *flight) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state == flying {
		f.over(lost)
	}
}

// forget counts out what a flight remembers; it may stay with its followers.
func (f *flight) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.forgotten {
		f.forgotten = true
		inFlight.Add(-int64(len(f.log)))
	}
}

// wait returns when something changed, ctx ends, or nothing happened for d.
func (f *flight) wait(ctx context.Context, changed <-chan struct{}, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ended(ctx, ctx.Err())
	case <-t.C:
		return errAdrift
	}
}

// change is closed at the next change; f.mu is held.
func (f *flight) change() <-chan struct{} {
	if f.grown == nil {
		f.grown = make(chan struct{})
	}
	return f.grown
}

// leave counts a follower out. What only followers kept alive ends with the last.
func (f *flight) leave() {
	f.mu.Lock()
	f.followers--
	end := f.left
	if f.followers > 0 || f.elsewhere {
		end = nil
	}
	f.mu.Unlock()
	if end != nil {
		end()
	}
}

// abandon says that who led is gone: end ends the call, at once when nobody
// follows, else when the last follower leaves.
func (f *flight) abandon(end func()) {
	f.mu.Lock()
	alone := f.followers == 0 && !f.elsewhere || f.state == lost
	if !alone {
		f.left = end
	}
	f.mu.Unlock()
	if alone {
		end()
	}
}

// followed reports whether somebody still wants the rest.
func (f *flight) followed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state == flying && (f.followers > 0 || f.elsewhere)
}

// flights are those of this process, by the keys of their answers.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

// join returns the flight under a key, a new one when there is none; whoever gets
// a new one leads it.
func (s *flights) join(key string) (f *flight, lead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.all[key]; f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.state != lost {
			f.followers++
			return f, false
		}
	}
	if s.all == nil {
		s.all = map[string]*flight{}
	}
	f = &flight{}
	s.all[key] = f
	return f, true
}

// there returns whether a flight is under a key.
func (s *flights) there(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.all[key]
	return f != nil
}

func (s *flights) remove(key string, f *flight) {
	s.mu.Lock()
	if s.all[key] == f {
		delete(s.all, key)
	}
	s.mu.Unlock()
	f.forget()
}
