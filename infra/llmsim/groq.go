package llmsim

import (
	"encoding/json"
	"maps"
	"net/http"
)

// groqDialect is OpenAI's with Groq's own manners: times in usage, x_groq, no
// padding, reasoning in a field of its own, and named error events.
var groqDialect = &dialect{
	name: "groq", credential: bearer, unknownKey: unknownGroqKey, noModel: noSuchModel,
	errorBody: func(p *problem, _ string) []byte { return groqError(p) },
	errorFrame: func(p *problem) []byte {
		return namedFrame("error", groqError(p))
	},
	headers: func(h http.Header, id string) {
		h.Set("X-Request-Id", "req_"+id)
		h.Set("X-Groq-Region", "sim")
		maps.Copy(h, rateHeaders)
	},
}

func unknownGroqKey(string) *problem {
	return &problem{status: http.StatusUnauthorized, code: "invalid_api_key", message: "Invalid API Key"}
}

// groqError is {"error": {"message", "type", "code"}}, param only where there
// is one.
func groqError(p *problem) []byte {
	e := map[string]any{"message": p.message, "type": groqErrorType(p)}
	if code := openaiErrorCode(p); code != "" {
		e["code"] = code
	}
	if p.param != "" {
		e["param"] = p.param
	}
	b, _ := json.Marshal(map[string]any{"error": e})
	return b
}

func groqErrorType(p *problem) string {
	switch {
	case p.status == http.StatusTooManyRequests:
		return "tokens"
	case p.status >= 500:
		return "internal_server_error"
	}
	return "invalid_request_error"
}
