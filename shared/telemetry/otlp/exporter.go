package otlp

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Doer is the way out.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Destination is where spans go. Two of the same fields are the same.
type Destination struct {
	URL           string // base, without /v1/traces
	Authorization string // header, "" for none
	Extra         string // one more header, "name: value"; "" for none
}

// Options bound what is held and how long is waited; zero values take their
// defaults.
type Options struct {
	Doer     Doer
	Resource []Attribute   // of this process: service.name and the like
	Queue    int           // spans held for one destination; default 2048
	Bytes    int           // of text held for all destinations; default 16 MiB
	Batch    int           // spans in one message; default 256
	Sinks    int           // destinations with spans waiting; default 1000
	AtOnce   int           // messages under way; default 4
	Every    time.Duration // between two looks; default 1 s
	Timeout  time.Duration // of one message; default 5 s
}

// Exporter sends spans in batches, beside the requests. What does not fit, and
// what a destination does not take at its second try, is dropped and counted. A
// destination that hangs holds one message under way and its own queue.
type Exporter struct {
	o       Options
	mu      sync.Mutex
	sinks   map[Destination]*sink
	held    int // bytes
	slots   chan struct{}
	posts   sync.WaitGroup
	sent    atomic.Int64
	dropped atomic.Int64
}

// sink is one destination's queue.
type sink struct {
	spans  []Span
	busy   bool
	failed int       // messages in a row
	after  time.Time // not before
}

// NewExporter returns an exporter whose Run does the work.
func NewExporter(o Options) *Exporter {
	o.Queue, o.Batch, o.Sinks, o.AtOnce, o.Bytes = or(o.Queue, 2048), or(o.Batch, 256), or(o.Sinks, 1000), or(o.AtOnce, 4), or(o.Bytes, 16<<20)
	o.Every, o.Timeout = or(o.Every, time.Second), or(o.Timeout, 5*time.Second)
	return &Exporter{o: o, sinks: map[Destination]*sink{}, slots: make(chan struct{}, o.AtOnce)}
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// Sent is how many spans were taken, Dropped how many were not.
func (e *Exporter) Sent() int64 { return e.sent.Load() }

// Dropped is how many spans were let go.
func (e *Exporter) Dropped() int64 { return e.dropped.Load() }

// Send queues spans for a destination. It never blocks.
func (e *Exporter) Send(to Destination, spans ...Span) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.sinks[to]
	if s == nil {
		if len(e.sinks) >= e.o.Sinks {
			e.dropped.Add(int64(len(spans)))
			return
		}
		s = &sink{}
		e.sinks[to] = s
	}
	size := sizes(spans)
	if len(s.spans)+len(spans) > e.o.Queue || e.held+size > e.o.Bytes {
		e.dropped.Add(int64(len(spans)))
		return
	}
	s.spans = append(s.spans, spans...)
	e.held += size
}

// Run sends until ctx ends; Flush sends the rest. It returns when nothing is
// under way.
func (e *Exporter) Run(ctx context.Context) error {
	tick := time.NewTicker(e.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			e.posts.Wait()
			return nil
		case <-tick.C:
			e.start(ctx, time.Now())
		}
	}
}

// start sends one batch of each destination that has any, while there are slots.
func (e *Exporter) start(ctx context.Context, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for to, s := range e.sinks {
		switch {
		case s.busy || now.Before(s.after):
			continue
		case len(s.spans) == 0:
			delete(e.sinks, to)
			continue
		}
		select {
		case e.slots <- struct{}{}:
		default:
			return
		}
		s.busy = true
		batch := e.take(s)
		e.posts.Go(func() { e.drainSink(ctx, to, s, batch) })
	}
}

// drainSink sends a destination's batches until it has none left or one failed.
func (e *Exporter) drainSink(ctx context.Context, to Destination, s *sink, batch []Span) {
	defer func() { <-e.slots }()
	for len(batch) > 0 {
		ok, retry := e.deliver(ctx, to, batch)
		e.mu.Lock()
		batch = e.settle(s, batch, ok, retry)
		e.mu.Unlock()
	}
}

// settle notes how a batch fared, and takes the next one. A batch that may be
// taken another time waits for one more try.
func (e *Exporter) settle(s *sink, batch []Span, ok, retry bool) []Span {
	if ok {
		e.sent.Add(int64(len(batch)))
		e.held -= sizes(batch)
		s.failed, s.after = 0, time.Time{}
		next := e.take(s)
		s.busy = len(next) > 0
		return next
	}
	if retry && s.failed == 0 && len(s.spans)+len(batch) <= e.o.Queue {
		s.spans = append(batch, s.spans...)
	} else {
		e.dropped.Add(int64(len(batch)))
		e.held -= sizes(batch)
	}
	s.failed++
	s.after = time.Now().Add(e.o.Every << min(s.failed, 5))
	s.busy = false
	return nil
}

func (e *Exporter) take(s *sink) []Span {
	n := min(len(s.spans), e.o.Batch)
	batch := s.spans[:n:n]
	s.spans = s.spans[n:]
	if len(s.spans) == 0 {
		s.spans = nil
	}
	return batch
}
