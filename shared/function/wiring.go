package function

import (
	"io"
	"log/slog"
	"time"
)

// Wiring is what a process hands to the one handler. Nothing in it is used
// before the first request.
type Wiring struct {
	Identifier   Identifier
	Authorizer   Authorizer // nil: what the principal's permissions say
	Replays      Replays    // nil: Idempotency-Key is not honoured
	EventSecrets []string   // of the event door; the first signs, all verify; none: the door is shut
	Gate         Gate       // nil: nothing is shed
	Log          *slog.Logger
	Status       func() Status    // nil: always ready
	Now          func() time.Time // nil: time.Now

	Metrics func(w io.Writer) error // in the Prometheus text format; nil: GET /metrics is an unknown route
}

// Status is what the health routes tell.
type Status struct {
	Ready    bool      // serving and not draining
	Version  string    // of the build
	Started  time.Time //
	InFlight int       // requests under way
}

// Gate sheds load before it is felt. Its errors are *dcoder.Error with status
// 503 and a RetryAfter.
type Gate interface {
	// Enter takes one of the process' slots and room for a body of so many
	// bytes; Leave gives both back.
	Enter(body int64) error
	Leave(body int64)
	// Grow takes room for more bytes of a body whose length was not declared.
	Grow(n int64) error
	// Hold counts the request for its tenant, whose share is bounded; Release
	// ends that.
	Hold(tenant string) error
	Release(tenant string)
}
