package dispatch

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Target is a function as a receiver of events.
type Target struct {
	Function string         // also the name of its durable consumer
	Types    map[string]int // event type -> most events of one delivery
}

// Queues opens where the events of a function wait.
type Queues interface {
	// Fresh is the event stream as the target hears it.
	Fresh(ctx context.Context, t Target) (Queue, error)
	// Parked holds what failed often, each event until it is due again.
	Parked(ctx context.Context, t Target) (Queue, error)
}

// Queue hands out deliveries one by one. Several processes may share one.
type Queue interface {
	// Next waits for a delivery that is due. An error other than ctx's means
	// that the queue must be opened again.
	Next(ctx context.Context) (Delivery, error)
	Close()
}

// Delivery is one event that the broker lent to this process. Exactly one of
// Done, Defer, Park and Bury ends it; without a Working for AckWait the broker
// lends it to another.
type Delivery interface {
	// Event returns the event; an error when the message is none.
	Event() (dcoder.Envelope, error)
	// Failures says how often it failed before.
	Failures() int
	// Working tells the broker that the work goes on.
	Working() error
	// Done acknowledges, and returns when the broker has taken note.
	Done(ctx context.Context) error
	// Defer gives it back; the broker lends it again after d.
	Defer(d time.Duration) error
	// Park moves it to the parked queue, due at a time.
	Park(ctx context.Context, failures int, due time.Time) error
	// Bury moves it to the dead letters: the letter is held before the event ends.
	Bury(ctx context.Context, why Reason) error
}

// Reason says why an event became a dead letter.
type Reason struct {
	Status   int    // last HTTP status, 0 when there was none
	Code     string // stable: the function's error code, "not_an_event", "attempts_exhausted"
	Failures int    // deliveries that failed
}

// Door delivers events of one type and tenant to a function. It returns one
// outcome for each event, in order.
type Door interface {
	Deliver(ctx context.Context, function string, events []dcoder.Envelope) []Outcome
}
