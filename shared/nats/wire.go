package nats

import (
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Headers of ours beside the event's own, on retries and dead letters.
const (
	headerFailures = "Dcoder-Failures" // deliveries that failed so far
	headerDue      = "Dcoder-Due"      // RFC 3339: not before
	headerFunction = "Dcoder-Function" // who could not take it
	headerStatus   = "Dcoder-Status"   // last HTTP status
	headerCode     = "Dcoder-Code"     // why, stable
	headerDied     = "Dcoder-Died"     // RFC 3339
)

// encode writes an event's attributes as headers.
func encode(e dcoder.Envelope) nats.Header {
	h := make(nats.Header, 12)
	for name, value := range cehttp.Attributes(e) {
		h[name] = []string{value}
	}
	return h
}

// decode reads an event from a message of any of the streams.
func decode(h nats.Header, data []byte) (dcoder.Envelope, error) {
	return cehttp.FromAttributes(h.Get, data)
}

// carry copies a message's headers for its next place: without ours, and without
// those that would instruct the server.
func carry(h nats.Header) nats.Header {
	out := make(nats.Header, len(h)+4)
	for name, values := range h {
		if !strings.HasPrefix(name, "Dcoder-") && !strings.HasPrefix(name, "Nats-") {
			out[name] = values
		}
	}
	return out
}

func headerTime(h nats.Header, name string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, h.Get(name)) // a missing or broken one is long past
	return t
}
