// Package function is the one shape of every capability of the platform: a
// value that lists its routes, the events that it hears, the permission of each
// and how it scales. The same value is served by a plain HTTP server, by AWS
// Lambda, next to others in one process, and rendered to manifests.
//
// It knows neither who may call (an Identifier and an Authorizer are handed in)
// nor where it runs (package serve and package lambda do).
package function

import (
	"context"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Func is one capability as a value. Build it with New; it holds no connection
// and starts nothing.
type Func struct {
	Name   string  // "chat"; also its folder, its deployable and its event consumer
	Routes []Route // in the order given
	Events []Subscription
	Scale  Scaling
}

// Part is a piece of a Func: a Call, a Handle, an On, an OnBatch or a Scaling.
type Part interface{ apply(*Func) }

type partFunc func(*Func)

func (p partFunc) apply(f *Func) { p(f) }

// New puts the parts together. It panics on a malformed pattern or a route
// without an access rule: a programmer's mistake that the first test meets.
func New(name string, parts ...Part) Func {
	f := Func{Name: name, Scale: DefaultScaling}
	for _, p := range parts {
		p.apply(&f)
	}
	return f
}

// Access says which door a route is behind.
type Access int

// The doors.
const (
	AccessDenied   Access = iota // the zero value: no rule was given
	AccessAllowed                // an identified principal that holds Route.Permission
	AccessPublic                 // anyone
	AccessInternal               // cluster-local callers that sign (the event door)
)

// Envelope says whose error object a route answers with.
type Envelope int

// The error objects.
const (
	EnvelopeDcoder    Envelope = iota // {"error":{"code","message","details"}}
	EnvelopeOpenAI                    // {"error":{"message","type","param","code"}}
	EnvelopeAnthropic                 // {"type":"error","error":{"type","message"}}
)

// Handler is an http.HandlerFunc that may fail: returning an error before the
// first byte is the only way to answer one.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one method and path with everything that is decided beside it.
type Route struct {
	Method     string
	Path       string // with {wildcards} as net/http has them
	Access     Access
	Permission dcoder.Permission
	Admitted   bool // the ledger's admission proves the snapshot fresh; identify need not
	MaxBody    int64
	Timeout    time.Duration // 0: no deadline of our own (streams)
	Errors     Envelope
	Summary    string  // one line for the OpenAPI document
	Schema     *Schema // of a Handle; a Call's schema comes from its types

	handle Handler // of a Handle
	typed  typed   // of a Call
}

// Schema documents a Handle: Go values whose types are reflected into JSON
// Schema; nil where a body is absent. Streams names the event type of an SSE
// answer beside Response.
type Schema struct {
	Summary  string
	Request  any
	Response any
	Streams  any
}

// Option decides one thing beside a route.
type Option func(*Route)

// Allow demands the permission of an identified principal.
func Allow(p dcoder.Permission) Option {
	return func(r *Route) { r.Access, r.Permission = AccessAllowed, p }
}

// Public opens the route to anyone. Health and documentation only.
func Public() Option { return func(r *Route) { r.Access = AccessPublic } }

// Admitted says that the handler passes the ledger's admission before it acts,
// which proves that the snapshot behind the principal is the newest.
func Admitted() Option { return func(r *Route) { r.Admitted = true } }

// MaxBody caps the request body in bytes; above it the answer is 413.
func MaxBody(n int64) Option { return func(r *Route) { r.MaxBody = n } }

// Timeout bounds the handler.
func Timeout(d time.Duration) Option { return func(r *Route) { r.Timeout = d } }

// Errors chooses whose error object the route answers with.
func Errors(e Envelope) Option { return func(r *Route) { r.Errors = e } }

// Summary says in one line what the route does, for the OpenAPI document.
func Summary(s string) Option { return func(r *Route) { r.Summary = s } }

// Doc documents a Handle in the OpenAPI document.
func Doc(s Schema) Option { return func(r *Route) { r.Schema = &s } }

// Handle adds a route whose bytes are its own business: streams, pages, MCP and
// the provider-shaped routes. pattern is "METHOD /path".
func Handle(pattern string, h Handler, opts ...Option) Part {
	return partFunc(func(f *Func) {
		r := newRoute(pattern, opts)
		r.handle = h
		f.Routes = append(f.Routes, r)
	})
}

// Call adds a route of our own JSON, typed in and out. In's fields carry huma's
// tags (path, query, header, and a Body field); Out may have a Body field, a
// Status field and header fields.
func Call[In, Out any](pattern string, h func(context.Context, *In) (*Out, error), opts ...Option) Part {
	return partFunc(func(f *Func) {
		r := newRoute(pattern, opts)
		r.typed = call[In, Out]{h}
		f.Routes = append(f.Routes, r)
	})
}

// Scaling says how a deployable of this function runs. Every target renders it.
type Scaling struct {
	Min         int           // pods kept when idle; 0 scales to zero
	Max         int           // 0: the platform's default
	Concurrency int           // requests at once a pod; soft target
	Timeout     time.Duration // of a whole request
	CPU         string        // request, e.g. "100m"
	Memory      string        // limit, e.g. "128Mi"
}

// DefaultScaling is what a function gets that says nothing.
var DefaultScaling = Scaling{Concurrency: 100, Timeout: 60 * time.Second, CPU: "100m", Memory: "128Mi"}

func (s Scaling) apply(f *Func) { f.Scale = s }

// Subscription is one event type that a function hears.
type Subscription struct {
	Type  string // "usage.recorded"
	Batch int    // most events of one delivery; 1 for On

	deliver func(ctx context.Context, tenant string, batch []dcoder.Envelope) []error
}

// On hears one event type, one event at a time. Returning nil acknowledges;
// an error that is a *dcoder.Error with a 4xx status other than 408, 425 and 429
// gives up (dead letter); any other error is retried.
func On[T dcoder.EventData](h func(context.Context, dcoder.Event[T]) error) Part {
	return OnBatch(1, func(ctx context.Context, _ string, events []dcoder.Event[T]) []error {
		return []error{h(ctx, events[0])}
	})
}

// OnBatch hears events of one type in batches of one tenant, so that they can
// share a transaction. The answer is one error (or nil) for each event, in
// order; a nil slice acknowledges all.
func OnBatch[T dcoder.EventData](most int, h func(ctx context.Context, tenant string, events []dcoder.Event[T]) []error) Part {
	return partFunc(func(f *Func) {
		var zero T
		f.Events = append(f.Events, Subscription{
			Type: zero.EventType(), Batch: most, deliver: deliverTyped(h),
		})
	})
}

// Identifier proves who is asking. admitted says that the route passes the
// ledger, so that a possibly stale snapshot is acceptable here. The returned
// context carries what the function needs further on (the snapshot).
type Identifier interface {
	Identify(ctx context.Context, r *http.Request, admitted bool) (context.Context, *dcoder.Principal, error)
}

// Authorizer decides whether a principal may use a route.
type Authorizer interface {
	Authorize(ctx context.Context, p *dcoder.Principal, perm dcoder.Permission) error
}

// Replays remembers the answers of own POSTs that carried an Idempotency-Key.
// Writing happens in the store, in the transaction of the change (see
// dcoder.Replay).
type Replays interface {
	// Find returns the stored record, or nil when the key is free.
	Find(ctx context.Context, tenant, key string) (*dcoder.Replay, error)
	// Claim marks the key as running; false when another request runs under it.
	// release frees it.
	Claim(ctx context.Context, tenant, key string) (release func(), claimed bool, err error)
}
