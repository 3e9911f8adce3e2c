package redis

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Group admission: calls of a tenant that arrive while a call of that tenant is
// in flight share the next one, and calls of different tenants share a flush. The
// first to arrive leads: it flushes at once in its own goroutine, so a lone
// request waits for nobody. While there is more to do a goroutine leads on.
const (
	mostLeaders = 2   // flushes in flight
	mostCalls   = 256 // of one tenant in one script call
	mostBooks   = 64  // tenants in one flush
)

// ask puts h into its tenant's group and returns the answer. On an error of ctx
// nothing is held for the call, or it is released.
func (l *Ledger) ask(ctx context.Context, b *book, h *held, extend bool) (answer, bool) {
	l.mu.Lock()
	if extend {
		b.extending = append(b.extending, h)
	} else {
		b.admitting = append(b.admitting, h)
	}
	l.list(b)
	lead := l.leaders < mostLeaders && len(l.ready) > 0
	if lead {
		l.leaders++
	}
	l.mu.Unlock()
	if lead {
		l.lead(false)
	}
	select {
	case a := <-h.answered:
		return a, true
	case <-ctx.Done():
		return l.leave(ctx, b, h)
	}
}

// leave withdraws a question. What is in flight already is released when its
// answer comes.
func (l *Ledger) leave(ctx context.Context, b *book, h *held) (answer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case a := <-h.answered:
		return a, true
	default:
	}
	a := answer{err: ctx.Err()}
	for _, list := range []*[]*held{&b.admitting, &b.extending} {
		if i := slices.Index(*list, h); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
			return a, true
		}
	}
	h.left = true
	return a, false
}

// list puts a book with questions and without a call in flight among the ready.
func (l *Ledger) list(b *book) {
	if !b.calling && !b.listed && len(b.admitting)+len(b.extending) > 0 {
		b.listed = true
		l.ready = append(l.ready, b)
	}
}

// lead flushes until nothing is ready. A caller that leads flushes once, since
// its own answer is in that flush.
func (l *Ledger) lead(all bool) {
	for {
		runtime.Gosched() // lets callers that can run join the group
		f := flushPool.Get().(*flush)
		if !l.take(f) {
			flushPool.Put(f)
			return
		}
		f.send(l)
		more := l.finish(f)
		f.reset()
		flushPool.Put(f)
		if !more {
			return
		}
		if !all {
			go l.lead(true)
			return
		}
	}
}

// take moves what is ready into f; without anything the leader resigns.
func (l *Ledger) take(f *flush) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.ready), mostBooks)
	if n == 0 {
		l.leaders--
		return false
	}
	for _, b := range l.ready[:n] {
		b.listed, b.calling = false, true
		f.add(b, &b.admitting, false)
		f.add(b, &b.extending, true)
	}
	l.ready = append(l.ready[:0], l.ready[n:]...)
	return true
}

// finish lets the tenants of f call again and hands out the answers. It reports
// whether the leader shall go on; otherwise the leader has resigned.
func (l *Ledger) finish(f *flush) bool {
	var left []*held
	l.mu.Lock()
	for _, g := range f.groups {
		g.book.calling = false
		l.list(g.book)
		for i, h := range g.calls {
			if h.left {
				left = append(left, h)
				h.lastAnswer = g.answers[i]
				continue
			}
			h.answered <- g.answers[i]
		}
	}
	more := len(l.ready) > 0
	if !more {
		l.leaders--
	}
	l.mu.Unlock()
	for _, h := range left {
		l.dropped(h)
	}
	return more
}

// flush is one pipeline: at most two script calls for each of its tenants.
type flush struct {
	groups []*group
	spare  []*group
	calls  []call
	others []goredis.Cmder
}

var flushPool = sync.Pool{New: func() any { return &flush{} }}

// answerAll answers whoever has no answer: a defect in here must not leave
// callers waiting for ever.
func (f *flush) answerAll(l *Ledger) {
	p := recover()
	if p == nil {
		return
	}
	err := dcoder.Internal(fmt.Errorf("ask the ledger: %v\n%s", p, debug.Stack()))
	for _, g := range f.groups {
		for len(g.answers) < len(g.calls) {
			g.answers = append(g.answers, answer{err: err})
		}
	}
}

// add takes calls of one zone from the list into a group.
func (f *flush) add(b *book, list *[]*held, extend bool) {
	if len(*list) == 0 {
		return
	}
	g := f.group()
	g.book, g.extend = b, extend
	zone := (*list)[0].admission.TimeZone
	rest := (*list)[:0]
	for i, h := range *list {
		if len(g.calls) == mostCalls {
			rest = append(rest, (*list)[i:]...)
			break
		}
		if h.admission.TimeZone == zone {
			g.calls = append(g.calls, h)
		} else {
			rest = append(rest, h)
		}
	}
	clear((*list)[len(rest):])
	*list = rest
	f.groups = append(f.groups, g)
}

func (f *flush) group() *group {
	if n := len(f.spare); n > 0 {
		g := f.spare[n-1]
		f.spare = f.spare[:n-1]
		return g
	}
	return &group{}
}

func (f *flush) reset() {
	for _, g := range f.groups {
		g.reset()
		f.spare = append(f.spare, g)
	}
	f.groups = f.groups[:0]
	clear(f.calls)
	clear(f.others)
	f.calls, f.others = f.calls[:0], f.others[:0]
}

// send asks Redis and reads the answers of all groups.
func (f *flush) send(l *Ledger) {
	defer f.answerAll(l)
	ctx := context.Background() // the answer belongs to many; timeouts are the client's
	now := l.clock.now()
	for _, g := range f.groups {
		if err := g.book.calendar.at(now, g.calls[0].admission.TimeZone); err != nil {
			g.fail(err)
			continue
		}
		f.others = g.active(ctx, now, f.others)
		f.others = g.shelf(ctx, f.others)
		f.calls = append(f.calls, g.call(ctx, l, now))
	}
	execute(ctx, l.client, f.calls, f.others...)
	repeat(ctx, l.client, f.calls)
	i := 0
	for _, g := range f.groups {
		if len(g.answers) > 0 { // failed before it was sent
			continue
		}
		g.read(l, f.calls[i].cmd)
		i++
	}
}
