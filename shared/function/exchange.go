package function

import (
	"context"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// exchange is one request on its way through the chain: recover, trace, shed,
// identify, allow, limit, the method, encode. It is the handler's
// ResponseWriter, so that one place knows whether a byte has left.
type exchange struct {
	http.ResponseWriter
	endpoint *endpoint
	ctx      context.Context
	errors   Envelope
	body     body
	id       [1]string // header values without a slice of their own
	trace    [1]string
	entered  bool   // holds a slot of the gate
	tenant   string // holds a share of the gate
	wrote    bool   // the answer's head has left
}

// ServeHTTP implements http.Handler: the whole chain.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, endpoint: e, errors: e.route.Errors}
	defer x.end()
	x.begin(r)
	if err := x.run(r); err != nil {
		x.fail(err)
	}
}

// begin gives the request its id and its place in a trace.
func (x *exchange) begin(r *http.Request) {
	request := dcoder.Request{ID: requestID(r.Header), Function: x.endpoint.function}
	request.Trace, request.Parent = traceOf(r.Header)
	x.ctx = dcoder.WithRequest(r.Context(), request)
	x.id[0], x.trace[0] = request.ID, request.Trace.TraceID()
	h := x.Header()
	h[dcoder.HeaderRequestID] = x.id[:]
	h[dcoder.HeaderTraceID] = x.trace[:]
	if x.errors == EnvelopeAnthropic {
		h["Request-Id"] = x.id[:] // where Anthropic's SDKs look for it
	}
}

func (x *exchange) run(r *http.Request) error {
	route, wiring := &x.endpoint.route, &x.endpoint.host.wiring
	x.body = body{exchange: x, in: r.Body, declared: r.ContentLength, left: route.MaxBody}
	if err := x.enter(wiring.Gate, r.ContentLength); err != nil {
		return err
	}
	if route.Access != AccessInternal {
		dropForeign(r.Header)
	}
	if route.Access == AccessAllowed {
		if err := x.identify(wiring, route, r); err != nil {
			return err
		}
	}
	if r.ContentLength > route.MaxBody && route.MaxBody != bodyUnread {
		return tooLarge(route.MaxBody)
	}
	if route.Timeout > 0 {
		ctx, cancel := context.WithTimeout(x.ctx, route.Timeout)
		defer cancel()
		x.ctx = ctx
	}
	in := r.WithContext(x.ctx)
	if r.Body != nil && r.Body != http.NoBody {
		in.Body = &x.body
	}
	return x.endpoint.serve(x, in)
}

func (x *exchange) enter(gate Gate, length int64) error {
	if gate == nil {
		return nil
	}
	x.body.held = max(min(length, x.endpoint.route.MaxBody), 0)
	if err := gate.Enter(x.body.held); err != nil {
		return err
	}
	x.entered = true
	return nil
}

// identify proves who asks, and whether they may.
func (x *exchange) identify(w *Wiring, route *Route, r *http.Request) error {
	ctx, p, err := w.Identifier.Identify(x.ctx, r, route.Admitted)
	if err != nil {
		return err
	}
	x.ctx = dcoder.WithPrincipal(ctx, p)
	if w.Authorizer != nil {
		err = w.Authorizer.Authorize(x.ctx, p, route.Permission)
	} else if !p.May(route.Permission) {
		err = dcoder.Forbidden("permission_denied", "this credential lacks the permission %q", route.Permission)
	}
	if err != nil || w.Gate == nil {
		return err
	}
	if err := w.Gate.Hold(p.Tenant); err != nil {
		return err
	}
	x.tenant = p.Tenant
	return nil
}

// fail answers the error, or breaks the connection when an answer has begun, so
// that the client does not take the part for the whole.
func (x *exchange) fail(err error) {
	e := PublicError(x.ctx, err)
	x.logFailure(e)
	if x.wrote {
		panic(http.ErrAbortHandler)
	}
	x.body.abandon()
	writeError(x, x.errors, e, x.id[0])
}

func (x *exchange) logFailure(e *dcoder.Error) {
	log := x.endpoint.host.wiring.Log
	if e.Status < http.StatusInternalServerError || e.Cause == nil && e.Status == http.StatusServiceUnavailable {
		log.DebugContext(x.ctx, "request refused", "route", x.endpoint.route.pattern(), "status", e.Status, "code", e.Code, "cause", e.Cause)
		return
	}
	log.ErrorContext(x.ctx, "request failed", "route", x.endpoint.route.pattern(), "status", e.Status, "code", e.Code, "cause", e.Cause)
}

// end gives the gate back what was taken, and turns a panic into a 500.
func (x *exchange) end() {
	p := recover()
	if gate := x.endpoint.host.wiring.Gate; gate != nil && x.entered {
		if x.tenant != "" {
			gate.Release(x.tenant)
		}
		gate.Leave(x.body.held)
	}
	x.body.abandon()
	if p == nil {
		return
	}
	gone := p == any(http.ErrAbortHandler)
	if !gone {
		x.endpoint.host.wiring.Log.ErrorContext(x.ctx, "panic", "route", x.endpoint.route.pattern(), "panic", p, "stack", string(debug.Stack()))
	}
	if gone || x.wrote {
		panic(http.ErrAbortHandler)
	}
	writeError(x, x.errors, dcoder.Internal(nil), x.id[0])
}

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	x.wrote = x.wrote || status >= http.StatusOK
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(p []byte) (int, error) {
	x.wrote = true
	return x.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (x *exchange) Flush() { _ = x.FlushError() }

// FlushError is what http.ResponseController looks for first.
func (x *exchange) FlushError() error {
	x.wrote = true
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach deadlines.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// dropForeign removes what only the platform's own machinery may say.
func dropForeign(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Ce-") || strings.HasPrefix(name, "K-") || strings.HasPrefix(name, "X-Consumer-") {
			delete(h, name)
		}
	}
}

// requestID returns the client's id when it can stand in a header and in a log
// line, or a new one.
func requestID(h http.Header) string {
	id := h.Get(dcoder.HeaderRequestID)
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return dcoder.NewID()
	}
	return id
}

// traceOf continues the caller's trace, by its traceparent first and by its
// X-Trace-Id else, or starts one. parent is the caller's span, zero for none.
func traceOf(h http.Header) (t dcoder.Trace, parent [8]byte) {
	if t, ok := dcoder.ParseTrace(h.Get(dcoder.HeaderTraceParent)); ok {
		return t.Child(), t.Span
	}
	if t, ok := dcoder.ParseTraceID(h.Get(dcoder.HeaderTraceID)); ok {
		return t.Child(), parent
	}
	return dcoder.NewTrace(), parent
}
