package cehttp

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Marshal writes e in the JSON event format, as queues carry it that know no
// headers. It fails when the event's data is not JSON.
func Marshal(e dcoder.Envelope) ([]byte, error) {
	raw, err := json.Marshal(toJSON(&e))
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return raw, nil
}

// Unmarshal is the inverse of Marshal. The error is a *dcoder.Error that names
// the attribute at fault.
func Unmarshal(raw []byte) (dcoder.Envelope, error) {
	var item jsonEvent
	if err := json.Unmarshal(raw, &item); err != nil {
		return dcoder.Envelope{}, &dcoder.Error{
			Status: http.StatusBadRequest, Code: "invalid_request", Field: "body",
			Message: "the body is not a CloudEvent in JSON", Cause: err,
		}
	}
	e, err := item.envelope()
	if err != nil {
		return dcoder.Envelope{}, err
	}
	return e, nil
}
