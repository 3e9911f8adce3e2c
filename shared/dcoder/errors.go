package dcoder

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Error is the one way in which the platform says no. Code, Message, Field and
// Details are public; Cause is for the operator's log only and never reaches a
// client. One place (package function) turns it into a status and an envelope,
// or into an event's ack, retry or dead letter.
type Error struct {
	Status     int            // HTTP status, 400..599
	Code       string         // stable, snake_case, e.g. "model_not_allowed"
	Message    string         // public; says what to do
	Field      string         // the input field at fault, "" when none is
	Details    map[string]any // public facts: scope, limit, used, reset ...
	RetryAfter time.Duration  // 0: no Retry-After header
	NoRetry    bool           // say "x-should-retry: false": a retry cannot mend this
	Cause      error          // private
}

// Error returns the public message and the private cause, for logs.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// AsError returns the first *Error in err's chain, or an Internal error that
// wraps err. It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Internal(err)
}

// Invalid is a 400 that names the field at fault.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "invalid_request", Field: field, Message: fmt.Sprintf(format, args...)}
}

// Unauthorized is a 401: no credential, or one that is not (or no longer) good.
// Its message never says which.
func Unauthorized(code, message string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: code, Message: message}
}

// Forbidden is a 403: the credential is good and the action is not allowed.
func Forbidden(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusForbidden, Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFound is a 404, also for another tenant's object.
func NotFound(what, id string) *Error {
	return &Error{Status: http.StatusNotFound, Code: "not_found", Message: fmt.Sprintf("no such %s: %q", what, id)}
}

// Conflict is a 409.
func Conflict(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusConflict, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Unavailable is a 503 with Retry-After.
func Unavailable(code, message string, retryAfter time.Duration, cause error) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Code: code, Message: message, RetryAfter: retryAfter, Cause: cause}
}

// Internal is a 500 whose cause only the log shows.
func Internal(cause error) *Error {
	return &Error{
		Status: http.StatusInternalServerError, Code: "internal_error",
		Message: "something failed on our side; the request id finds it in the log", Cause: cause,
	}
}
