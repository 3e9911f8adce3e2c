package google

import (
	"net/http"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

// keyReasons are what Google answers 400 to that is about our credential and not
// about the request.
var keyReasons = []string{"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "API_KEY_HTTP_REFERRER_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED"}

// Classify says what an error of Google's means. Its status words become codes in
// the gateway's way of writing.
func Classify(status int, h http.Header, p canonical.Problem) *llm.Failure {
	if status == http.StatusBadRequest && (slices.Contains(keyReasons, p.Code) || strings.HasPrefix(p.Message, "API key")) {
		status = http.StatusUnauthorized
	}
	if p.Code == "" {
		p.Code = p.Type
	}
	p.Code = strings.ToLower(p.Code)
	switch {
	case status == http.StatusBadRequest && p.Code == "invalid_argument":
		p.Code = "invalid_request_error"
	case status == http.StatusServiceUnavailable && p.Code == "unavailable":
		p.Code = "overloaded_error"
	case status == 499: // CANCELLED: nobody on our side did
		status = http.StatusServiceUnavailable
	}
	return wire.Classify(status, h, p)
}

// shownAs names the headers of Google's that the client may see.
var shownAs = map[string]string{
	"Server-Timing": "Server-Timing", "X-Goog-Request-Id": "X-Upstream-Request-Id", "X-Vertex-Ai-Llm-Request-Type": "X-Vertex-Ai-Llm-Request-Type",
}

// Visible picks what the client may see; nil when there is nothing.
func Visible(h http.Header) http.Header {
	var out http.Header
	for name, as := range shownAs {
		if v := h[name]; len(v) > 0 {
			if out == nil {
				out = http.Header{}
			}
			out[as] = v
		}
	}
	return out
}
