package chat

import (
	"bytes"
	"strconv"
)

var sequenceNumber = []byte(`"sequence_number":`)

// numbered returns how many events of a response a client has with these, when it
// had so many before: each says its number, from 0.
func numbered(events []byte, before int64) int64 {
	at := bytes.LastIndex(events, sequenceNumber)
	if at < 0 {
		return before
	}
	digits := bytes.TrimLeft(events[at+len(sequenceNumber):], " ")
	end := 0
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(string(digits[:end]), 10, 64)
	if err != nil || n < before {
		return before // it stands in what the model said, not in the event
	}
	return n + 1
}
