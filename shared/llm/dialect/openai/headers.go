package openai

import "net/http"

// shownAs names the headers of a provider that the client may see, and under
// which name: X-Ratelimit-* and X-Request-Id without a prefix are the gateway's
// own. Names of organizations and projects stay inside.
var shownAs = map[string]string{
	"X-Request-Id":                   "X-Upstream-Request-Id",
	"X-Ratelimit-Limit-Requests":     "X-Upstream-Ratelimit-Limit-Requests",
	"X-Ratelimit-Limit-Tokens":       "X-Upstream-Ratelimit-Limit-Tokens",
	"X-Ratelimit-Remaining-Requests": "X-Upstream-Ratelimit-Remaining-Requests",
	"X-Ratelimit-Remaining-Tokens":   "X-Upstream-Ratelimit-Remaining-Tokens",
	"X-Ratelimit-Reset-Requests":     "X-Upstream-Ratelimit-Reset-Requests",
	"X-Ratelimit-Reset-Tokens":       "X-Upstream-Ratelimit-Reset-Tokens",
	"Openai-Processing-Ms":           "Openai-Processing-Ms",
}

// visible picks what the client may see; nil when there is nothing.
func visible(h http.Header) http.Header {
	var out http.Header
	for name, values := range h {
		as, ok := shownAs[name]
		if !ok || len(values) == 0 {
			continue
		}
		if out == nil {
			out = make(http.Header, len(shownAs))
		}
		out[as] = values
	}
	return out
}
