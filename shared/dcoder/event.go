package dcoder

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// EventData is the payload of an event; the type knows its own name, so that a
// handler's parameter says what it hears.
type EventData interface {
	// EventType returns "domain.action", e.g. "usage.recorded".
	EventType() string
}

// Envelope is a CloudEvents 1.0 event before or after the wire: attributes and
// undecoded data. Its NATS subject is "dcoder.{tenant}.{type}".
type Envelope struct {
	ID          string          // unique within Source; Source|ID is the de-duplication key
	Source      string          // "/chat", "/usage" ...
	Type        string          // EventData.EventType
	Tenant      string          // extension tenantid; PlatformTenant for the platform's own
	Platform    string          // extension platformid
	Correlation string          // extension correlationid: the request id that led here
	Actor       string          // extension actor: key or user id, "" for the platform itself
	TraceParent string          // extension traceparent
	Time        time.Time       // UTC
	Data        json.RawMessage // JSON
}

// Event is an Envelope whose data is decoded.
type Event[T EventData] struct {
	Envelope
	Value T
}

// Publisher hands events to the broker. It returns only after the broker holds
// every one of them, or an error that says that at least one is not held; the
// caller may then publish all again, since repeats are dropped by Source|ID.
type Publisher interface {
	Publish(ctx context.Context, events ...Envelope) error
}

// NewEvent builds an envelope around data: a new id, the time now, and tenant,
// actor and correlation from ctx where a request is under way.
func NewEvent(ctx context.Context, source, tenant string, data EventData) (Envelope, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Envelope{}, fmt.Errorf("encode event %s: %w", data.EventType(), err)
	}
	e := Envelope{
		ID: NewID(), Source: source, Type: data.EventType(), Tenant: tenant,
		Platform: DefaultPlatform, Correlation: RequestIDOf(ctx), Time: time.Now().UTC(), Data: raw,
	}
	if r := RequestOf(ctx); r != nil {
		e.TraceParent = r.Trace.String()
	}
	if p := PrincipalOf(ctx); p != nil {
		e.Actor = p.Key
		if p.Platform != "" {
			e.Platform = p.Platform
		}
	}
	return e, nil
}

// Decode turns an envelope into a typed event; it fails when the type or the
// data is not T's.
func Decode[T EventData](e Envelope) (Event[T], error) {
	out := Event[T]{Envelope: e}
	if want := out.Value.EventType(); e.Type != want {
		return out, fmt.Errorf("event %s is a %s, not a %s", e.ID, e.Type, want)
	}
	if err := json.Unmarshal(e.Data, &out.Value); err != nil {
		return out, fmt.Errorf("decode %s %s: %w", e.Type, e.ID, err)
	}
	return out, nil
}
