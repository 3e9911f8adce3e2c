package lambda

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// readEvent reads a queue's message: a CloudEvent in the JSON format, as our own
// publisher writes it, or an EventBridge event, as a rule hands it to a queue.
func readEvent(body []byte) (dcoder.Envelope, error) {
	var e busEvent
	if json.Unmarshal(body, &e) == nil && e.DetailType != "" {
		return fromBus(&e)
	}
	return cehttp.Unmarshal(body)
}

// fromBus reads an EventBridge event: the CloudEvent in its detail, or, for what
// others put on the bus, its own id, source, type and time; such an event is of the
// tenant that its detail names as tenantid, else of the platform.
func fromBus(e *busEvent) (dcoder.Envelope, error) {
	var detail struct {
		SpecVersion string `json:"specversion"`
		Tenant      string `json:"tenantid"`
	}
	if len(e.Detail) > 0 {
		if err := json.Unmarshal(e.Detail, &detail); err != nil {
			return dcoder.Envelope{}, dcoder.Invalid("detail", "an event's detail is a JSON object")
		}
	}
	if detail.SpecVersion != "" {
		return cehttp.Unmarshal(e.Detail)
	}
	out := dcoder.Envelope{
		ID: e.ID, Source: e.Source, Type: e.DetailType, Tenant: detail.Tenant, Platform: dcoder.DefaultPlatform, Time: e.Time.UTC(), Data: e.Detail,
	}
	if out.Tenant == "" {
		out.Tenant = dcoder.PlatformTenant
	}
	raw, err := cehttp.Marshal(out) // and back: the checks of every other event
	if err != nil {
		return dcoder.Envelope{}, dcoder.Invalid("detail", "an event's detail is JSON")
	}
	return cehttp.Unmarshal(raw)
}
