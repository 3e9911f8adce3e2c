// Package cehttp carries CloudEvents 1.0 over headers and a body: binary mode
// for one event, the JSON batch format for many, and the signature by which the
// event door knows the dispatcher. The same attribute names and escaping serve
// HTTP and NATS headers, so an event is copied between them and never re-encoded.
//
// The JSON event format serves queues that carry no headers (Marshal). The package
// is pure: it opens nothing and sends nothing.
//
// Sources: CloudEvents 1.0.2 core specification, HTTP protocol binding (section
// 3.1, escaping 3.1.3.2), JSON event format (section 4, batch).
package cehttp

import (
	"encoding/json"
	"fmt"
	"iter"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Media types of the two forms.
const (
	TypeBinary = "application/json"
	TypeBatch  = "application/cloudevents-batch+json"
)

// MostEvents is how many events one batch may hold.
const MostEvents = 1000

// prefix of an attribute's header name.
const prefix = "ce-"

// Write sets the binary-mode headers of e on h and returns the body.
func Write(h http.Header, e dcoder.Envelope) []byte {
	for name, value := range Attributes(e) {
		h.Set(name, value)
	}
	return e.Data
}

// Attributes yields the headers of e in binary mode: lower-case names ("ce-id",
// "content-type") and escaped values; empty optional attributes are left out.
func Attributes(e dcoder.Envelope) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		if !yield("content-type", TypeBinary) || !yield(prefix+"specversion", "1.0") {
			return
		}
		for _, a := range attributes {
			if value := a.get(&e); value != "" && !yield(a.header, escape(value)) {
				return
			}
		}
	}
}

// FromAttributes is the inverse of Attributes: get returns a header's value by
// its lower-case name, "" when there is none. The error is a *dcoder.Error that
// names the header at fault. data is not copied.
func FromAttributes(get func(name string) string, data []byte) (dcoder.Envelope, error) {
	e := dcoder.Envelope{Data: data}
	if v := get(prefix + "specversion"); v != "1.0" {
		return e, dcoder.Invalid("ce-specversion", "only CloudEvents 1.0 is understood")
	}
	if !isJSON(get("content-type")) {
		return e, dcoder.Invalid("content-type", "an event's data is application/json")
	}
	for _, a := range attributes {
		value, err := unescape(get(a.header))
		if err != nil {
			return e, dcoder.Invalid(a.header, "%v", err)
		}
		if err := a.set(&e, value); err != nil {
			return e, dcoder.Invalid(a.header, "%v", err)
		}
	}
	return e, check(&e, prefix)
}

// WriteBatch sets the content type on h and returns events as one JSON array.
// It fails when an event's data is not JSON.
func WriteBatch(h http.Header, events []dcoder.Envelope) ([]byte, error) {
	items := make([]jsonEvent, len(events))
	for i := range events {
		items[i] = toJSON(&events[i])
	}
	body, err := json.Marshal(items)
	if err != nil {
		return nil, fmt.Errorf("encode a batch of %d events: %w", len(events), err)
	}
	h.Set("Content-Type", TypeBatch)
	return body, nil
}

// Read decodes the events of one delivery in either form. The error is a
// *dcoder.Error that names the attribute at fault.
func Read(h http.Header, body []byte) ([]dcoder.Envelope, error) {
	if IsBatch(h) {
		return readBatch(body)
	}
	e, err := FromAttributes(h.Get, body)
	if err != nil {
		return nil, err
	}
	return []dcoder.Envelope{e}, nil
}

// IsBatch reports whether the delivery is in the batch form.
func IsBatch(h http.Header) bool {
	mediaType, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return mediaType == TypeBatch
}

func isJSON(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == TypeBinary || strings.HasSuffix(mediaType, "+json")) && mediaType != TypeBatch
}

func readBatch(body []byte) ([]dcoder.Envelope, error) {
	var items []jsonEvent
	if err := json.Unmarshal(body, &items); err != nil {
		return nil, &dcoder.Error{
			Status: http.StatusBadRequest, Code: "invalid_request", Field: "body",
			Message: "the body is not a JSON array of CloudEvents", Cause: err,
		}
	}
	if len(items) == 0 || len(items) > MostEvents {
		return nil, dcoder.Invalid("body", "a batch holds 1 to %d events", MostEvents)
	}
	events := make([]dcoder.Envelope, len(items))
	for i := range items {
		e, err := items[i].envelope()
		if err != nil {
			err.Field = fmt.Sprintf("[%d].%s", i, err.Field)
			return nil, err
		}
		events[i] = e
	}
	return events, nil
}

// check refuses what no later stage could use.
func check(e *dcoder.Envelope, prefix string) error {
	switch {
	case e.ID == "":
		return dcoder.Invalid(prefix+"id", "an event has an id")
	case e.Source == "":
		return dcoder.Invalid(prefix+"source", "an event has a source")
	case e.Type == "":
		return dcoder.Invalid(prefix+"type", "an event has a type")
	case !isTenant(e.Tenant):
		return dcoder.Invalid(prefix+"tenantid", "an event names its tenant")
	case len(e.Data) > 0 && !json.Valid(e.Data):
		return dcoder.Invalid("data", "an event's data is JSON")
	}
	return nil
}

// isTenant reports whether s can stand in a subject and in a Redis key.
func isTenant(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("not an RFC 3339 time")
	}
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return time.Time{}, fmt.Errorf("the year is out of range")
	}
	return t.UTC(), nil
}
