package function

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// ErrDraining is the cause of a request's context when the process must end
// before the request did. A stream ends with an error frame made of it; the
// client may try again at once.
var ErrDraining = dcoder.Unavailable("draining", "this instance is going away; send the request again", time.Second, nil)

// StatusClientGone is what a request counts as whose client left first.
const StatusClientGone = 499

// mostWait is the longest delay that stands in Retry-After: stock SDKs sleep
// all of it.
const mostWait = 60 * time.Second

// PublicError turns err into what the client may see. An error whose request was
// ended by a deadline, by the client or by a drain is told as that.
func PublicError(ctx context.Context, err error) *dcoder.Error {
	var e *dcoder.Error
	if errors.As(err, &e) {
		return e
	}
	if ctx.Err() == nil {
		return dcoder.AsError(err)
	}
	switch cause := context.Cause(ctx); {
	case errors.As(cause, &e):
		return e
	case errors.Is(cause, context.DeadlineExceeded):
		return &dcoder.Error{
			Status: http.StatusGatewayTimeout, Code: "timeout", Message: "the request took longer than this route allows", Cause: err,
		}
	case errors.Is(cause, context.Canceled):
		return &dcoder.Error{Status: StatusClientGone, Code: "client_closed_request", Message: "the client closed the request", Cause: err}
	}
	return dcoder.AsError(err)
}

// ErrorBody returns err as the JSON object of the envelope, for an answer and
// for an error frame of a stream alike. It never shows a cause.
func ErrorBody(envelope Envelope, err error, requestID string) []byte {
	e := dcoder.AsError(err)
	var body any
	switch envelope {
	case EnvelopeOpenAI:
		body = openAIError(e)
	case EnvelopeAnthropic:
		body = anthropicError(e, requestID)
	default:
		body = dcoderError(e)
	}
	raw, err := json.Marshal(body)
	if err != nil { // details that are no JSON: a programmer's mistake
		return []byte(`{"error":{"code":"internal_error","message":"the error could not be encoded","details":{}}}`)
	}
	return append(raw, '\n')
}

func writeError(w http.ResponseWriter, envelope Envelope, e *dcoder.Error, requestID string) {
	h := w.Header()
	body := ErrorBody(envelope, e, requestID)
	for _, name := range []string{"Content-Encoding", "Etag", "Last-Modified", "Cache-Control"} {
		h.Del(name) // of the answer that did not come
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	SetRetryHeaders(h, e)
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // the client may be gone
}

// SetRetryHeaders tells stock SDKs whether and when to try again. A delay above
// a minute stands in X-Ratelimit-Reset and in the body only, since they would
// sleep all of it.
func SetRetryHeaders(h http.Header, e *dcoder.Error) {
	if e.NoRetry || e.RetryAfter > mostWait {
		h.Set(dcoder.HeaderShouldRetry, "false")
	}
	switch {
	case e.RetryAfter <= 0:
	case e.RetryAfter > mostWait:
		h.Set("X-Ratelimit-Reset", wait(e.RetryAfter))
	default:
		h.Set("Retry-After", wait(e.RetryAfter))
	}
}

// wait renders a delay in whole seconds, rounded up.
func wait(d time.Duration) string {
	return strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10)
}

// details are the public facts of e: its own, the field and the delay.
func details(e *dcoder.Error) map[string]any {
	d := make(map[string]any, len(e.Details)+2)
	for name, value := range e.Details {
		d[name] = value
	}
	if e.Field != "" {
		d["field"] = e.Field
	}
	if e.RetryAfter > 0 {
		d["retryAfterSeconds"] = int64(math.Ceil(e.RetryAfter.Seconds()))
	}
	return d
}
