// Package sse reads and writes streams of server-sent events as the WHATWG HTML
// standard describes them (section 9.2.6, "Interpreting an event stream").
//
// The reader gives every event twice: as the bytes that came, to be forwarded,
// and as parsed fields. It knows nothing of what an event means, reconnects
// never, and keeps no last event id.
package sse

import "errors"

// Event is one event of a stream; its bytes are good until the next call of
// Next.
type Event struct {
	Raw  []byte // as it came, comments and the blank line behind it included
	Name []byte // of the last "event" line, empty when there is none
	Data []byte // of all "data" lines, joined by \n
	ID   []byte // of the last "id" line
	// HasData tells an empty data line from none: a browser dispatches only
	// events that have data.
	HasData bool
}

// ErrTooLarge is returned for an event above the reader's limit.
var ErrTooLarge = errors.New("sse: event above the size limit")
