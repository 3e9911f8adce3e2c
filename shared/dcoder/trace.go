package dcoder

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// Trace is a place in a distributed trace as W3C Trace Context names it. The
// zero value is no trace.
type Trace struct {
	ID    [16]byte // of the whole trace
	Span  [8]byte  // of this process' part
	Flags byte     // bit 0: sampled
}

// NewTrace starts a trace. Its ids are random, not secret.
func NewTrace() Trace {
	var t Trace
	binary.NativeEndian.PutUint64(t.ID[:8], rand.Uint64()|1) // never all zero
	binary.NativeEndian.PutUint64(t.ID[8:], rand.Uint64())
	return t.Child()
}

// Child returns the same trace with a span id of its own.
func (t Trace) Child() Trace {
	binary.NativeEndian.PutUint64(t.Span[:], rand.Uint64()|1)
	return t
}

// TraceID returns the 32 hexadecimal digits of the trace.
func (t Trace) TraceID() string { return hex.EncodeToString(t.ID[:]) }

// String returns the traceparent header of t, "" for the zero Trace.
func (t Trace) String() string {
	if t.ID == [16]byte{} {
		return ""
	}
	var s [55]byte
	copy(s[:], "00-")
	hex.Encode(s[3:35], t.ID[:])
	s[35] = '-'
	hex.Encode(s[36:52], t.Span[:])
	s[52] = '-'
	hex.Encode(s[53:], []byte{t.Flags})
	return string(s[:])
}

// ParseTrace reads a traceparent header. Versions above 00 may have more parts,
// which are ignored (W3C Trace Context, section 4.3).
func ParseTrace(header string) (Trace, bool) {
	if len(header) < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-' {
		return Trace{}, false
	}
	if header[:2] == "00" && len(header) != 55 || len(header) > 55 && header[55] != '-' {
		return Trace{}, false
	}
	var t Trace
	var version, flags [1]byte
	ok := unhex(version[:], header[:2]) && unhex(t.ID[:], header[3:35]) &&
		unhex(t.Span[:], header[36:52]) && unhex(flags[:], header[53:55])
	if !ok || version[0] == 0xff || t.ID == [16]byte{} || t.Span == [8]byte{} {
		return Trace{}, false
	}
	t.Flags = flags[0]
	return t, true
}

// ParseTraceID reads the 32 lower-case hexadecimal digits of a trace.
func ParseTraceID(s string) (Trace, bool) {
	var t Trace
	if len(s) != 32 || !unhex(t.ID[:], s) || t.ID == [16]byte{} {
		return Trace{}, false
	}
	return t, true
}

// unhex decodes lower-case digits only, as the specification demands.
func unhex(to []byte, s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'F' {
			return false
		}
	}
	_, err := hex.Decode(to, []byte(s))
	return err == nil
}

// Request is what every log line and every event of one request carries.
type Request struct {
	ID       string // X-Request-Id
	Function string // name of the function that answers
	Trace    Trace
	Parent   [8]byte // span of the caller, as its traceparent says; zero: none
}

type requestKey struct{}

// WithRequest returns ctx carrying r; RequestIDOf finds r.ID.
func WithRequest(ctx context.Context, r Request) context.Context {
	return &requestContext{Context: ctx, request: r, id: r.ID}
}

// RequestOf returns the request under way, or nil. Do not change it.
func RequestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// requestContext answers for the request and its id in one allocation.
type requestContext struct {
	context.Context
	request Request
	id      any
}

// Value implements context.Context.
func (c *requestContext) Value(key any) any {
	switch key.(type) {
	case requestKey:
		return &c.request
	case requestIDKey:
		return c.id
	}
	return c.Context.Value(key)
}
