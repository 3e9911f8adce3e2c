package llmsim

import (
	"encoding/json"
	"net/http"
)

func (s *Server) routeAnthropic() {
	s.mux.HandleFunc("POST /v1/messages", s.serve(anthropicDialect, readMessages))
	s.mux.HandleFunc("POST /v1/messages/count_tokens", s.serve(anthropicDialect, readCountTokens))
	s.mux.HandleFunc("GET /anthropic/v1/models", s.serve(anthropicDialect, readClaudeModels))
	s.mux.HandleFunc("GET /anthropic/v1/models/{id}", s.serve(anthropicDialect, readClaudeModels))
	s.mux.HandleFunc("POST /anthropic/v1/messages", s.serve(anthropicDialect, readMessages))
	s.mux.HandleFunc("POST /anthropic/v1/messages/count_tokens", s.serve(anthropicDialect, readCountTokens))
}

var anthropicDialect = &dialect{
	name:       "anthropic",
	credential: anthropicKey,
	unknownKey: func(string) *problem { return &problem{status: http.StatusUnauthorized, message: "invalid x-api-key"} },
	noModel:    noSuchClaude,
	errorBody:  anthropicError,
	errorFrame: func(p *problem) []byte { return namedFrame("error", anthropicError(p, "")) },
	headers: func(h http.Header, id string) {
		h.Set("Request-Id", "req_"+id)
		h.Set("Anthropic-Organization-Id", "00000000-0000-4000-8000-000000000000")
		h.Set("Anthropic-Ratelimit-Requests-Limit", "4000")
		h.Set("Anthropic-Ratelimit-Requests-Remaining", "3999")
	},
}

func anthropicKey(r *http.Request) string {
	if k := r.Header.Get("X-Api-Key"); k != "" {
		return k
	}
	return bearer(r)
}

// anthropicError is {"type": "error", "error": {"type", "message"},
// "request_id"}; inside a stream without the id.
func anthropicError(p *problem, id string) []byte {
	out := map[string]any{"type": "error", "error": map[string]any{"type": anthropicErrorType(p.status), "message": anthropicMessage(p)}}
	if id != "" {
		out["request_id"] = "req_" + id
	}
	b, _ := json.Marshal(out)
	return b
}

func anthropicMessage(p *problem) string {
	if p.param != "" {
		return p.param + ": " + p.message
	}
	return p.message
}

func anthropicErrorType(status int) string {
	switch status {
	case 401:
		return "authentication_error"
	case 403:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 413:
		return "request_too_large"
	case 429:
		return "rate_limit_error"
	case 503, 529:
		return "overloaded_error"
	case 504:
		return "timeout_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

func noSuchClaude(model string) *problem {
	return &problem{status: http.StatusNotFound, message: "model: " + model}
}

// claudeModel is one entry of the list of models.
type claudeModel struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
}

func readClaudeModels(x *exchange) (*asked, *problem) {
	if id := x.r.PathValue("id"); id != "" {
		if !x.s.models.has(id) {
			return nil, noSuchClaude(id)
		}
		return answerPlainly(mustJSON(claude(id))), nil
	}
	list := struct {
		Data    []claudeModel `json:"data"`
		HasMore bool          `json:"has_more"`
		FirstID string        `json:"first_id"`
		LastID  string        `json:"last_id"`
	}{}
	for _, n := range append(x.s.models.family("claude-"), x.s.cfg.Models...) {
		list.Data = append(list.Data, claude(n))
	}
	list.FirstID, list.LastID = list.Data[0].ID, list.Data[len(list.Data)-1].ID
	return answerPlainly(mustJSON(list)), nil
}

func claude(id string) claudeModel {
	return claudeModel{Type: "model", ID: id, DisplayName: id, CreatedAt: "2025-01-01T00:00:00Z"}
}
