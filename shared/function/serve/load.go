package serve

import (
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// load sheds requests: it implements function.Gate with a cap on requests and on
// body bytes, a fair share for each tenant, and a door that closes on drain.
//
// Fair share: a tenant may fill the process while it is alone, but for an eighth
// that is kept for whoever comes; while others hold slots it may not go beyond
// half.
type load struct {
	slots int
	room  int64

	mu       sync.Mutex
	inFlight int
	bytes    int64
	held     map[string]int // requests by tenant
	heldAll  int
	draining bool
	idle     chan struct{} // closed when draining and nothing is in flight

	shedFull, shedShare, shedDraining int64 // requests that were sent away, by why
}

func newLoad(slots int, room int64) *load {
	return &load{slots: slots, room: room, held: map[string]int{}, idle: make(chan struct{})}
}

var (
	errFull  = dcoder.Unavailable("overloaded", "this instance is full; try again in a second", time.Second, nil)
	errShare = dcoder.Unavailable("tenant_overloaded", "this tenant uses its share of this instance; try again in a second", time.Second, nil)
)

// Enter implements function.Gate.
func (l *load) Enter(body int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.draining:
		l.shedDraining++
		return function.ErrDraining
	case l.inFlight >= l.slots, l.bytes+body > l.room:
		l.shedFull++
		return errFull
	}
	l.inFlight++
	l.bytes += body
	return nil
}

// Leave implements function.Gate.
func (l *load) Leave(body int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	l.bytes -= body
	l.checkIdle()
}

// Grow implements function.Gate.
func (l *load) Grow(n int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes+n > l.room {
		l.shedFull++
		return errFull
	}
	l.bytes += n
	return nil
}

// Hold implements function.Gate.
func (l *load) Hold(tenant string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := l.held[tenant]
	alone := l.heldAll == mine
	if mine >= max(l.slots/2, 1) && (!alone || mine >= l.slots-l.slots/8) {
		l.shedShare++
		return errShare
	}
	l.held[tenant] = mine + 1
	l.heldAll++
	return nil
}

// Release implements function.Gate.
func (l *load) Release(tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heldAll--
	if l.held[tenant]--; l.held[tenant] == 0 {
		delete(l.held, tenant)
	}
}

// drain closes the door. The channel is closed when the last request left.
func (l *load) drain() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draining = true
	l.checkIdle()
	return l.idle
}

func (l *load) checkIdle() {
	if !l.draining || l.inFlight > 0 {
		return
	}
	select {
	case <-l.idle:
	default:
		close(l.idle)
	}
}

func (l *load) status() (inFlight int, ready bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inFlight, !l.draining
}
