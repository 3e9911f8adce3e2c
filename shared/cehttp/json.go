package cehttp

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// jsonEvent is one event of a batch in the JSON event format.
type jsonEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Time            string          `json:"time,omitempty"`
	DataContentType string          `json:"datacontenttype,omitempty"`
	Tenant          string          `json:"tenantid"`
	Platform        string          `json:"platformid,omitempty"`
	Correlation     string          `json:"correlationid,omitempty"`
	Actor           string          `json:"actor,omitempty"`
	TraceParent     string          `json:"traceparent,omitempty"`
	Data            json.RawMessage `json:"data,omitempty"`
}

func toJSON(e *dcoder.Envelope) jsonEvent {
	return jsonEvent{
		SpecVersion: "1.0", ID: e.ID, Source: e.Source, Type: e.Type, Time: formatTime(e.Time),
		DataContentType: TypeBinary, Tenant: e.Tenant, Platform: e.Platform,
		Correlation: e.Correlation, Actor: e.Actor, TraceParent: e.TraceParent, Data: e.Data,
	}
}

func (j *jsonEvent) envelope() (dcoder.Envelope, *dcoder.Error) {
	e := dcoder.Envelope{
		ID: j.ID, Source: j.Source, Type: j.Type, Tenant: j.Tenant, Platform: j.Platform,
		Correlation: j.Correlation, Actor: j.Actor, TraceParent: j.TraceParent, Data: j.Data,
	}
	if j.SpecVersion != "1.0" {
		return e, dcoder.Invalid("specversion", "only CloudEvents 1.0 is understood")
	}
	if j.DataContentType != "" && !isJSON(j.DataContentType) {
		return e, dcoder.Invalid("datacontenttype", "an event's data is application/json")
	}
	if err := setTime(&e, j.Time); err != nil {
		return e, dcoder.Invalid("time", "%v", err)
	}
	for _, a := range attributes {
		if err := checkText(a.get(&e)); err != nil {
			return e, dcoder.Invalid(a.header[len(prefix):], "%v", err)
		}
	}
	return e, dcoder.AsError(check(&e, ""))
}
