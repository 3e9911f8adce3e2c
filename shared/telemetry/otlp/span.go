// Package otlp sends spans and metrics to collectors over OTLP/HTTP, encoded as
// JSON (OpenTelemetry Protocol 1.x: the JSON mapping of the protobuf messages,
// ids in hexadecimal, 64-bit numbers as text, enums as numbers).
//
// It is no SDK: it makes no spans by itself, and what a collector does not take
// in time is dropped and counted.
package otlp

import (
	"encoding/hex"
	"strconv"
	"time"
)

// Span is one finished piece of work.
type Span struct {
	Trace      [16]byte
	ID         [8]byte
	Parent     [8]byte // zero: none
	Name       string
	Kind       Kind
	Begin, End time.Time
	Attributes []Attribute
	Failed     string // why; "": it did not
}

// Kind is a span's, with the numbers of the protocol.
type Kind int

// The kinds that are used here.
const (
	Internal Kind = 1
	Server   Kind = 2
	Client   Kind = 3
)

// Attribute is one fact about a span; make it with Text, Int or Bool.
type Attribute struct {
	Key  string
	Text string
	Int  int64
	kind byte
}

// Text returns an attribute that is text.
func Text(key, value string) Attribute { return Attribute{Key: key, Text: value, kind: 't'} }

// Int returns an attribute that is a whole number.
func Int(key string, value int64) Attribute { return Attribute{Key: key, Int: value, kind: 'i'} }

// Bool returns an attribute that is true or false.
func Bool(key string, value bool) Attribute {
	a := Attribute{Key: key, kind: 'b'}
	if value {
		a.Int = 1
	}
	return a
}

// The messages of the protocol, with the field names of its JSON mapping.
type (
	tracesData struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope      `json:"scope"`
		Spans []wireSpan `json:"spans"`
	}
	scope struct {
		Name string `json:"name"`
	}
	wireSpan struct {
		TraceID    string     `json:"traceId"`
		SpanID     string     `json:"spanId"`
		ParentID   string     `json:"parentSpanId,omitempty"`
		Name       string     `json:"name"`
		Kind       Kind       `json:"kind"`
		Begin      string     `json:"startTimeUnixNano"`
		End        string     `json:"endTimeUnixNano"`
		Attributes []keyValue `json:"attributes,omitempty"`
		Status     *status    `json:"status,omitempty"`
	}
	status struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code"`
	}
	keyValue struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	}
	anyValue struct {
		Text *string `json:"stringValue,omitempty"`
		Int  string  `json:"intValue,omitempty"`
		Bool *bool   `json:"boolValue,omitempty"`
	}
)

const (
	scopeName   = "github.com/d-coder-ai/dcoder"
	statusError = 2
)

func wireAttributes(all []Attribute) []keyValue {
	out := make([]keyValue, len(all))
	for i := range all {
		a := &all[i]
		out[i].Key = a.Key
		switch v := &out[i].Value; a.kind {
		case 'i':
			v.Int = strconv.FormatInt(a.Int, 10)
		case 'b':
			yes := a.Int == 1
			v.Bool = &yes
		default:
			v.Text = &a.Text
		}
	}
	return out
}

func (s *Span) wire() wireSpan {
	w := wireSpan{
		TraceID: hex.EncodeToString(s.Trace[:]), SpanID: hex.EncodeToString(s.ID[:]), Name: s.Name, Kind: s.Kind,
		Begin: nanos(s.Begin), End: nanos(s.End), Attributes: wireAttributes(s.Attributes),
	}
	if s.Parent != ([8]byte{}) {
		w.ParentID = hex.EncodeToString(s.Parent[:])
	}
	if s.Failed != "" {
		w.Status = &status{Message: s.Failed, Code: statusError}
	}
	return w
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// traces is a batch as it is sent.
func traces(from []Attribute, spans []Span) tracesData {
	wired := make([]wireSpan, len(spans))
	for i := range spans {
		wired[i] = spans[i].wire()
	}
	return tracesData{[]resourceSpans{{resource{wireAttributes(from)}, []scopeSpans{{scope{scopeName}, wired}}}}}
}

// sizes is what spans hold of text, bytes.
func sizes(spans []Span) (n int) {
	for i := range spans {
		n += len(spans[i].Name) + len(spans[i].Failed) + 128
		for _, a := range spans[i].Attributes {
			n += len(a.Text) + 64
		}
	}
	return n
}
