package chat

import (
	"net/http"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// stalls is for how many silent periods a write may hang on a client that does
// not read before the line is cut.
const stalls = 4

// line is the way to a stream's client. Pings come from a timer and not from the
// handler's goroutine, hence the lock; between two of them it costs nothing.
type line struct {
	w       http.ResponseWriter
	control *http.ResponseController
	req     *llm.Request
	silence time.Duration
	timer   *time.Timer

	mu    sync.Mutex
	begun bool      // the status line is out
	over  bool      // the handler has returned
	dirty bool      // bytes wait for a flush
	last  time.Time // of the last flush

	events int64 // numbered ones that were sent, where the shape numbers them

	hung int // ticks in a row that met a writer at work; only the timer touches it
}

func newLine(w http.ResponseWriter, req *llm.Request, silence time.Duration) *line {
	l := &line{w: w, control: http.NewResponseController(w), req: req, silence: silence, last: req.Begun}
	l.timer = time.AfterFunc(time.Hour, l.tick) // not to fire before the field is set
	l.timer.Reset(silence)
	return l
}

// stop ends the pings; nothing is written after it.
func (l *line) stop() {
	l.timer.Stop()
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
}

// tick writes a ping when nothing was written for a silent period, and cuts the
// line when a write hangs.
func (l *line) tick() {
	if !l.mu.TryLock() {
		if l.hung++; l.hung >= stalls {
			_ = l.control.SetWriteDeadline(time.Now())
			return
		}
		l.timer.Reset(l.silence)
		return
	}
	defer l.mu.Unlock()
	l.hung = 0
	if l.over {
		return
	}
	if idle := time.Since(l.last); idle < l.silence {
		l.timer.Reset(l.silence - idle)
		return
	}
	l.head(nil)
	if _, err := l.w.Write(l.req.Kind.Ping()); err == nil && l.flushLocked() == nil {
		l.timer.Reset(l.silence)
	}
}

var (
	eventStream = []string{"text/event-stream"}
	noCache     = []string{"no-cache"}
	noBuffer    = []string{"no"}
)

// head writes the status line once.
func (l *line) head(provider http.Header) {
	if l.begun {
		return
	}
	l.begun = true
	h := l.w.Header()
	h["Content-Type"], h["Cache-Control"], h["X-Accel-Buffering"] = eventStream, noCache, noBuffer
	for name, values := range provider {
		h[name] = values
	}
	l.w.WriteHeader(http.StatusOK)
}

// begin says that the answer has begun. Limits and the provider's headers go out
// with it, unless a ping came first.
func (l *line) begin(provider http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		l.req.WriteHead(l.w.Header(), provider)
	}
	l.head(nil)
}

// send writes one event. It blocks while the client does not read, so nothing
// piles up; more says that the next event is here already and its flush will do.
func (l *line) send(event []byte, more bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(event) > 0 {
		if l.req.Kind == llm.Response {
			l.events = numbered(event, l.events)
		}
		l.dirty = true
		if _, err := l.w.Write(event); err != nil {
			return err
		}
	}
	if more || !l.dirty {
		return nil
	}
	return l.flushLocked()
}

func (l *line) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dirty {
		return nil
	}
	return l.flushLocked()
}

func (l *line) flushLocked() error {
	l.dirty, l.last = false, time.Now()
	return l.control.Flush()
}

// fail answers err: as itself while no byte has left, as an error frame behind
// which the stream ends without its terminal event otherwise.
func (l *line) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if !l.begun {
		return l.req.WriteFailure(l.w.Header(), err)
	}
	d := doorOf(l.req.Kind)
	body := function.ErrorBody(d.envelope, err, l.req.RequestID)
	if _, err := l.w.Write(d.failed(body, l.events)); err == nil {
		_ = l.control.Flush() // the client may be gone
	}
	return nil
}
