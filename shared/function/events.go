package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// mostDelivery is the largest delivery of events, bytes.
const mostDelivery = 8 << 20

// EventAnswer is what became of one event of a batch.
type EventAnswer struct {
	Status       int    `json:"status"` // 204 done, 422 and other 4xx give up, else retry
	Code         string `json:"code"`
	RetryAfterMS int64  `json:"retryAfterMs"`
}

// receive is the event door: it trusts a signature and nothing else.
func (h *Host) receive(x *exchange, r *http.Request) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := cehttp.Verify(r.Header, raw, h.wiring.EventSecrets, h.wiring.Now()); err != nil {
		return &dcoder.Error{Status: http.StatusForbidden, Code: "event_not_signed", Message: "this door takes signed events only", Cause: err}
	}
	events, err := cehttp.Read(r.Header, raw)
	if err != nil {
		return err
	}
	answers := h.deliver(x.ctx, r.Header.Get(dcoder.HeaderFunction), events)
	if cehttp.IsBatch(r.Header) {
		return writeAnswers(x, answers)
	}
	if answers[0] != nil {
		return answers[0]
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

func writeAnswers(w http.ResponseWriter, errs []*dcoder.Error) error {
	answers := make([]EventAnswer, len(errs))
	for i, e := range errs {
		answers[i] = EventAnswer{Status: http.StatusNoContent}
		if e != nil {
			answers[i] = EventAnswer{Status: e.Status, Code: e.Code, RetryAfterMS: e.RetryAfter.Milliseconds()}
		}
	}
	raw, err := json.Marshal(answers)
	if err != nil {
		return fmt.Errorf("encode the answers to a batch: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw) // the dispatcher may be gone; it delivers again
	return nil
}

// deliver hands the events to whom they are for; those of one tenant and type
// together, in order.
func (h *Host) deliver(ctx context.Context, function string, events []dcoder.Envelope) []*dcoder.Error {
	answers := make([]*dcoder.Error, len(events))
	for i := 0; i < len(events); {
		f, sub, err := h.subscription(function, events[i].Type)
		if err != nil {
			answers[i] = err
			i++
			continue
		}
		n := 1
		for i+n < len(events) && n < sub.Batch && events[i+n].Type == events[i].Type && events[i+n].Tenant == events[i].Tenant {
			n++
		}
		copy(answers[i:], h.hand(ctx, f, sub, events[i:i+n]))
		i += n
	}
	return answers
}

// subscription finds who hears the type. With several functions in one process
// the dispatcher names the one it delivers to.
func (h *Host) subscription(function, eventType string) (f *Func, sub *Subscription, err *dcoder.Error) {
	for i := range h.funcs {
		for j := range h.funcs[i].Events {
			s := &h.funcs[i].Events[j]
			if s.Type != eventType || function != "" && function != h.funcs[i].Name {
				continue
			}
			if sub != nil {
				return nil, nil, notHere("function_not_named", "several functions of this process hear "+eventType+"; name one in "+dcoder.HeaderFunction)
			}
			f, sub = &h.funcs[i], s
		}
	}
	switch {
	case sub != nil:
		return f, sub, nil
	case function != "" && !h.hosts(function):
		return nil, nil, notHere("function_not_here", "this process does not host "+function)
	}
	return nil, nil, &dcoder.Error{
		Status: http.StatusUnprocessableEntity, Code: "unknown_event_type", Field: "type",
		Message: "nothing here hears " + eventType,
	}
}

// notHere is a 404: a wrong address is retried, never a dead letter.
func notHere(code, message string) *dcoder.Error {
	return &dcoder.Error{Status: http.StatusNotFound, Code: code, Message: message}
}

func (h *Host) hosts(function string) bool {
	return slices.ContainsFunc(h.funcs, func(f Func) bool { return f.Name == function })
}

// hand runs one handler under the function's deadline.
func (h *Host) hand(ctx context.Context, f *Func, sub *Subscription, batch []dcoder.Envelope) []*dcoder.Error {
	ctx, cancel := context.WithTimeout(eventContext(ctx, f.Name, batch), f.Scale.Timeout)
	defer cancel()
	answers := make([]*dcoder.Error, len(batch))
	errs := h.guard(ctx, sub, batch)
	for i := range answers {
		if errs != nil && errs[i] != nil {
			answers[i] = eventError(ctx, errs[i])
			h.wiring.Log.WarnContext(ctx, "event not handled", "event", batch[i].ID, "type", batch[i].Type,
				"tenant", batch[i].Tenant, "status", answers[i].Status, "code", answers[i].Code, "cause", answers[i].Cause)
		}
	}
	return answers
}

// guard turns a panic into a retry of the batch.
func (h *Host) guard(ctx context.Context, sub *Subscription, batch []dcoder.Envelope) (errs []error) {
	defer func() {
		if p := recover(); p != nil {
			h.wiring.Log.ErrorContext(ctx, "panic", "type", sub.Type, "panic", p, "stack", string(debug.Stack()))
			errs = sameError(len(batch), dcoder.Internal(fmt.Errorf("panic: %v", p)))
		}
	}()
	return sub.deliver(ctx, batch[0].Tenant, batch)
}

func sameError(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// eventContext carries on the request that led to the events.
func eventContext(ctx context.Context, function string, batch []dcoder.Envelope) context.Context {
	request := dcoder.Request{ID: dcoder.RequestIDOf(ctx), Function: function}
	if r := dcoder.RequestOf(ctx); r != nil {
		request.Trace = r.Trace
	}
	if len(batch) == 1 {
		if batch[0].Correlation != "" {
			request.ID = batch[0].Correlation
		}
		if t, ok := dcoder.ParseTrace(batch[0].TraceParent); ok {
			request.Trace = t.Child()
		}
	}
	return dcoder.WithRequest(ctx, request)
}

// eventError keeps the statuses by which the dispatcher knows a wrong address or
// a wrong secret for the door itself: a handler's 401, 403 or 404 gives up.
func eventError(ctx context.Context, err error) *dcoder.Error {
	e := PublicError(ctx, err)
	var known *dcoder.Error
	if !errors.As(err, &known) && e.Status < http.StatusInternalServerError {
		return dcoder.Internal(err) // the delivery ended, not the event's fault: retry
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		gaveUp := *e
		gaveUp.Status = http.StatusUnprocessableEntity
		return &gaveUp
	}
	return e
}
