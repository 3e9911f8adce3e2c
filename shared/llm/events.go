package llm

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Events hands the news of calls on behind them. It never makes a call wait: what
// finds no room is counted and dropped, since such news tells of something that a
// usage row says as well. A nil *Events drops all.
type Events struct {
	publisher dcoder.Publisher
	queue     chan dcoder.Envelope
	dropped   atomic.Int64
}

const (
	eventQueue = 1024
	eventBatch = 64
	eventPause = 3 * time.Second // for the broker, before a batch is given up
)

// NewEvents returns Events whose Run does the work.
func NewEvents(p dcoder.Publisher) *Events {
	return &Events{publisher: p, queue: make(chan dcoder.Envelope, eventQueue)}
}

// Send queues an event of a tenant; actor and correlation are those of ctx.
func (e *Events) Send(ctx context.Context, tenant string, data dcoder.EventData) {
	if e == nil {
		return
	}
	envelope, err := dcoder.NewEvent(ctx, "/chat", tenant, data)
	if err != nil {
		slog.ErrorContext(ctx, "an event is lost", "type", data.EventType(), "error", err)
		return
	}
	select {
	case e.queue <- envelope:
	default:
		e.dropped.Add(1)
	}
}

// Dropped returns how many events were given up.
func (e *Events) Dropped() int64 { return e.dropped.Load() }

// Run hands events on until ctx ends, and then what is queued.
func (e *Events) Run(ctx context.Context) error {
	for {
		select {
		case first := <-e.queue:
			e.hand(ctx, first)
		case <-ctx.Done():
			return e.Flush(context.WithoutCancel(ctx))
		}
	}
}

// Flush hands on what is queued.
func (e *Events) Flush(ctx context.Context) error {
	for {
		select {
		case first := <-e.queue:
			e.hand(ctx, first)
		default:
			return nil
		}
	}
}

// hand publishes what is queued behind first, as one batch.
func (e *Events) hand(ctx context.Context, first dcoder.Envelope) {
	batch := []dcoder.Envelope{first}
	for more := true; more && len(batch) < eventBatch; {
		select {
		case next := <-e.queue:
			batch = append(batch, next)
		default:
			more = false
		}
	}
	ctx, cancel := context.WithTimeout(ctx, eventPause)
	defer cancel()
	if err := e.publisher.Publish(ctx, batch...); err != nil {
		total := e.dropped.Add(int64(len(batch)))
		slog.WarnContext(ctx, "events of calls are lost", "events", len(batch), "inAll", total, "error", err)
	}
}
