package generate

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// status is Google's error object (AIP-193).
type status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []struct {
		Reason     string `json:"reason"`
		RetryDelay string `json:"retryDelay"`
		Violations []struct {
			Field string `json:"field"`
		} `json:"fieldViolations"`
	} `json:"details"`
}

// ReadError implements canonical.Protocol. A streamed call's error comes inside
// of a list when the stream was not asked for as server-sent events.
func (protocol) ReadError(code int, body []byte) (p canonical.Problem, ok bool) {
	type failure struct {
		Error *status `json:"error"`
	}
	var in failure
	if list := []failure{}; bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		if json.Unmarshal(body, &list) == nil && len(list) > 0 {
			in = list[0]
		}
	} else if json.Unmarshal(body, &in) != nil {
		return p, false
	}
	if in.Error == nil {
		return p, false
	}
	p = canonical.Problem{Status: in.Error.Code, Type: in.Error.Status, Message: in.Error.Message}
	if p.Status == 0 {
		p.Status = code
	}
	for _, d := range in.Error.Details {
		if p.Code == "" {
			p.Code = d.Reason
		}
		if len(d.Violations) > 0 && p.Param == "" {
			p.Param = d.Violations[0].Field
		}
		if after, err := time.ParseDuration(d.RetryDelay); err == nil && after > 0 {
			p.After = after
		}
	}
	return p, true
}
