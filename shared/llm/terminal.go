package llm

import (
	"bytes"

	"github.com/d-coder-ai/dcoder/shared/sse"
)

// pingEvent is the ping of Anthropic's streams; in all others it is a comment.
var pingEvent = []byte("event: ping\ndata: {\"type\": \"ping\"}\n\n")

// Ping returns what keeps a silent stream of this shape open.
func (k Kind) Ping() []byte {
	if k == Message {
		return pingEvent
	}
	return sse.Ping
}

func isPing(frame []byte) bool { return bytes.Equal(frame, sse.Ping) || bytes.Equal(frame, pingEvent) }

// ended reports whether a stream of this shape came to its own good end.
func (k Kind) ended(stream []byte) bool {
	switch k {
	case Message:
		return lastEvent(stream) == "message_stop"
	case Response:
		e := lastEvent(stream)
		return e == "response.completed" || e == "response.incomplete"
	}
	return bytes.HasSuffix(stream, sse.Done)
}

// lastEvent is the name of the last event that has one.
func lastEvent(stream []byte) string {
	at := bytes.LastIndex(stream, []byte("event: "))
	if at < 0 || at > 0 && stream[at-1] != '\n' {
		return ""
	}
	name, _, _ := bytes.Cut(stream[at+len("event: "):], []byte("\n"))
	return string(bytes.TrimRight(name, "\r"))
}
