package llm

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Failure is a provider's no, or its silence, as the client may see it and with
// what the retry coat needs to know.
type Failure struct {
	Public *dcoder.Error
	Header http.Header   // the provider's headers that the client may see
	Retry  bool          // the same call may succeed when it is made again
	After  time.Duration // how long the provider asks to wait, 0 when it does not say
}

// Error returns the public message and the private cause.
func (f *Failure) Error() string { return f.Public.Error() }

// Unwrap returns the public error.
func (f *Failure) Unwrap() error { return f.Public }

// StatusClientGone is what a row says of a call whose client hung up.
const StatusClientGone = 499

// errClientGone ends a call whose client hung up. Nobody reads its message.
var errClientGone = &dcoder.Error{
	Status: StatusClientGone, Code: "client_closed_request", Message: "the client closed the connection",
}

// ended says why a call under ctx stopped with err: for a reason that somebody
// gave when cancelling (a revoked key, a drain), because the client is gone, or
// because of err itself.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	var public *dcoder.Error
	if cause := context.Cause(ctx); errors.As(cause, &public) {
		return public
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &dcoder.Error{Status: http.StatusGatewayTimeout, Code: "deadline_exceeded", Message: "the answer took longer than the deadline", Cause: err}
	}
	return errClientGone
}

// ClientGone reports whether err says that the client hung up.
func ClientGone(err error) bool { return errors.Is(err, errClientGone) }
