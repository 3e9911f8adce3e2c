package llmsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// routeOpenAI serves OpenAI's API below prefix, in OpenAI's or Groq's manner.
func (s *Server) routeOpenAI(prefix string, d *dialect) {
	s.mux.HandleFunc("POST "+prefix+"/v1/chat/completions", s.serve(d, readChat))
	s.mux.HandleFunc("POST "+prefix+"/v1/completions", s.serve(d, readCompletion))
	s.mux.HandleFunc("POST "+prefix+"/v1/embeddings", s.serve(d, readEmbeddings))
	s.mux.HandleFunc("POST "+prefix+"/v1/responses", s.serve(d, readResponse))
	s.mux.HandleFunc("GET "+prefix+"/v1/models", s.serveModels(d))
	s.mux.HandleFunc("GET "+prefix+"/v1/models/{id...}", s.serveModels(d))
}

var openaiDialect = &dialect{
	name: "openai", credential: bearer, unknownKey: unknownOpenAIKey, noModel: noSuchModel,
	errorBody:  func(p *problem, _ string) []byte { return openaiError(p) },
	errorFrame: func(p *problem) []byte { return dataFrame(openaiError(p)) },
	headers: func(h http.Header, id string) {
		h.Set("X-Request-Id", "req_"+id)
		h.Set("Openai-Version", "2020-10-01")
		h.Set("Openai-Processing-Ms", "1")
		maps.Copy(h, rateHeaders)
	},
}

// rateHeaders are the headers that OpenAI and Groq put on every answer; made
// once, since they never change.
var rateHeaders = http.Header{
	"X-Ratelimit-Limit-Requests":     {"10000"},
	"X-Ratelimit-Limit-Tokens":       {"200000"},
	"X-Ratelimit-Remaining-Requests": {"9999"},
	"X-Ratelimit-Remaining-Tokens":   {"199900"},
	"X-Ratelimit-Reset-Requests":     {"120ms"},
	"X-Ratelimit-Reset-Tokens":       {"2ms"},
}

func unknownOpenAIKey(key string) *problem {
	p := &problem{status: http.StatusUnauthorized, code: "invalid_api_key", message: "Incorrect API key provided."}
	if key == "" {
		p.code, p.message = "", "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth."
	}
	return p
}

// openaiError is {"error": {"message", "type", "param", "code"}}.
func openaiError(p *problem) []byte {
	b, _ := json.Marshal(map[string]any{"error": map[string]any{
		"message": p.message, "type": openaiErrorType(p), "param": orNull(p.param), "code": orNull(openaiErrorCode(p)),
	}})
	return b
}

func openaiErrorType(p *problem) string {
	switch {
	case p.status == http.StatusTooManyRequests:
		return "requests"
	case p.status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

func openaiErrorCode(p *problem) string {
	if p.code == "" && p.status == http.StatusTooManyRequests {
		return "rate_limit_exceeded"
	}
	return p.code
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// openaiContent reads a message's content: a string, null, or a list of parts
// of which the text ones count.
func openaiContent(raw json.RawMessage) (string, error) {
	var s *string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil {
		if s == nil {
			return "", nil
		}
		return *s, nil
	}
	var parts []struct {
		Type, Text, Refusal string
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", fmt.Errorf("content is a string or a list of parts: %w", err)
	}
	texts := make([]string, 0, len(parts))
	for _, p := range parts {
		texts = append(texts, p.Text+p.Refusal)
	}
	return strings.Join(texts, "\n"), nil
}

// stringOrList reads a string, a list of strings, or null.
func stringOrList(raw json.RawMessage) ([]string, error) {
	var one *string
	if len(raw) == 0 || json.Unmarshal(raw, &one) == nil {
		if one == nil {
			return nil, nil
		}
		return []string{*one}, nil
	}
	var many []string
	err := json.Unmarshal(raw, &many)
	return many, err
}

// decode reads a JSON body; what is wrong is a problem that names the field.
func decode(body []byte, into any) *problem {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	p := badField("", "We could not parse the JSON body of your request.")
	var wrong *json.UnmarshalTypeError
	if asType(err, &wrong) {
		p = badField(wrong.Field, "Invalid type for '%s': got %s.", wrong.Field, wrong.Value)
		p.code = "invalid_type"
	}
	return p
}
