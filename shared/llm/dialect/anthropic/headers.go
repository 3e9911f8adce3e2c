package anthropic

import (
	"net/http"
	"strings"
)

// Visible picks what of Anthropic's headers the client may see: rate limits and
// the id of the request, under which its SDKs look for it and as that of any
// provider. Names of organizations stay inside. It returns nil for nothing.
func Visible(h http.Header) http.Header {
	var out http.Header
	for name, values := range h {
		id := name == "Request-Id"
		if !id && !strings.HasPrefix(name, "Anthropic-Ratelimit-") || len(values) == 0 {
			continue
		}
		if out == nil {
			out = make(http.Header, 8)
		}
		out[name] = values
		if id {
			out["X-Upstream-Request-Id"] = values
		}
	}
	return out
}
