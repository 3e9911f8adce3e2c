package aws

import (
	"bytes"
	"time"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// entry is one event as it goes out.
type entry struct {
	event dcoder.Envelope
	body  string
}

// noncharacters are the two that JSON may hold and SQS refuses.
var noncharacters = [...][2][]byte{{[]byte("\ufffe"), []byte(`\ufffe`)}, {[]byte("\uffff"), []byte(`\uffff`)}}

// entriesOf writes events in the JSON event format. An event that no service would
// take fails all, before anything was sent.
func entriesOf(events []dcoder.Envelope) ([]entry, error) {
	out := make([]entry, len(events))
	for i, e := range events {
		raw, err := cehttp.Marshal(e)
		if err != nil {
			return nil, dcoder.Invalid("data", "an event's data is JSON")
		}
		for _, pair := range noncharacters {
			raw = bytes.ReplaceAll(raw, pair[0], pair[1])
		}
		if len(raw) > mostEntry {
			return nil, tooLarge(e)
		}
		out[i] = entry{e, string(raw)}
	}
	return out, nil
}

// batches cuts entries into what one call takes.
func batches(all []entry) (out [][]entry) {
	start, size := 0, 0
	for i, e := range all {
		if n := len(e.body) + around; i > start && (i-start == mostBatch || size+n > mostEntry) {
			out, start, size = append(out, all[start:i]), i, 0
		}
		size += len(e.body) + around
	}
	if start < len(all) {
		out = append(out, all[start:])
	}
	return out
}

// around is what stands around an entry's body and counts.
const around = 512

// timeout bounds one publication.
const timeout = 5 * time.Second

func unavailable(cause error) error {
	return dcoder.Unavailable("broker_unavailable", "the event broker cannot be reached; try again", time.Second, cause)
}
