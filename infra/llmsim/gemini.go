package llmsim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// routeGemini serves AI Studio's paths and Vertex AI's, on which Anthropic's
// models are offered too.
func (s *Server) routeGemini() {
	for _, v := range []string{"/v1beta", "/v1"} {
		s.mux.HandleFunc("POST "+v+"/models/{call}", s.serve(geminiDialect, readGeminiCall))
	}
	s.mux.HandleFunc("GET /v1beta/models", s.serve(geminiDialect, readGeminiModels))
	s.mux.HandleFunc("GET /v1beta/models/{id}", s.serve(geminiDialect, readGeminiModels))
	for _, v := range []string{"/v1", "/v1beta1"} {
		base := "POST " + v + "/projects/{project}/locations/{location}/publishers/"
		s.mux.HandleFunc(base+"google/models/{call}", s.serve(vertexDialect, readGeminiCall))
		s.mux.HandleFunc(base+"anthropic/models/{call}", s.serve(vertexDialect, readVertexClaude))
	}
}

var geminiDialect = &dialect{
	name: "google", credential: geminiKey, unknownKey: unknownGeminiKey, noModel: noSuchGemini,
	errorBody:  func(p *problem, _ string) []byte { return googleError(p) },
	errorFrame: googleErrorFrame,
	headers:    func(h http.Header, _ string) { h.Set("Server-Timing", "gfet4t7; dur=1") },
}

var vertexDialect = &dialect{
	name: "vertex", credential: geminiKey, noModel: noSuchGemini,
	unknownKey: func(string) *problem {
		return &problem{status: http.StatusUnauthorized, message: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."}
	},
	errorBody:  func(p *problem, _ string) []byte { return googleError(p) },
	errorFrame: googleErrorFrame,
	headers:    func(h http.Header, _ string) { h.Set("X-Vertex-Ai-Llm-Request-Type", "shared") },
}

// geminiKey is an API key in its header or in the query, or a bearer token.
func geminiKey(r *http.Request) string {
	if k := r.Header.Get("X-Goog-Api-Key"); k != "" {
		return k
	}
	if k := r.URL.Query().Get("key"); k != "" {
		return k
	}
	return bearer(r)
}

// unknownGeminiKey is AI Studio's answer: 403 without a key, 400 to a bad one.
func unknownGeminiKey(key string) *problem {
	if key == "" {
		return &problem{status: http.StatusForbidden, message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API."}
	}
	return &problem{status: http.StatusBadRequest, code: "API_KEY_INVALID", message: "API key not valid. Please pass a valid API key."}
}

func noSuchGemini(model string) *problem {
	return &problem{status: http.StatusNotFound, message: "models/" + model + " is not found for API version v1beta, or is not supported for this method. Call ListModels to see the list of available models and their supported methods."}
}

// googleError is {"error": {"code", "message", "status", "details"}} (AIP-193).
func googleError(p *problem) []byte {
	e := map[string]any{"code": p.status, "message": p.message, "status": googleStatus(p.status)}
	var details []any
	if p.code != "" {
		details = append(details, map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": p.code, "domain": "googleapis.com"})
	}
	if p.param != "" {
		details = append(details, map[string]any{
			"@type":           "type.googleapis.com/google.rpc.BadRequest",
			"fieldViolations": []any{map[string]string{"field": p.param, "description": p.message}},
		})
	}
	if p.retryAfter > 0 {
		details = append(details, map[string]any{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": formatNumber(p.retryAfter.Seconds()) + "s"})
	}
	if details != nil {
		e["details"] = details
	}
	b, _ := json.MarshalIndent(map[string]any{"error": e}, "", "  ")
	return b
}

func googleErrorFrame(p *problem) []byte {
	var compact map[string]any
	_ = json.Unmarshal(googleError(p), &compact) // our own JSON
	return googleFrame(mustJSON(compact))
}

// googleFrame ends its lines as Google does.
func googleFrame(json []byte) []byte { return []byte("data: " + string(json) + "\r\n\r\n") }

func googleStatus(status int) string {
	switch status {
	case 400, 413:
		return "INVALID_ARGUMENT"
	case 401:
		return "UNAUTHENTICATED"
	case 403:
		return "PERMISSION_DENIED"
	case 404:
		return "NOT_FOUND"
	case 429:
		return "RESOURCE_EXHAUSTED"
	case 503, 529:
		return "UNAVAILABLE"
	case 504:
		return "DEADLINE_EXCEEDED"
	}
	return "INTERNAL"
}

type geminiModel struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	DisplayName string   `json:"displayName"`
	InputLimit  int      `json:"inputTokenLimit"`
	OutputLimit int      `json:"outputTokenLimit"`
	Methods     []string `json:"supportedGenerationMethods"`
}

func gemini(id string) geminiModel {
	m := geminiModel{Name: "models/" + id, Version: "001", DisplayName: id, InputLimit: 1_048_576, OutputLimit: 65_536, Methods: []string{"generateContent", "countTokens"}}
	if strings.Contains(id, "embedding") {
		m.Methods = []string{"embedContent", "batchEmbedContents"}
	}
	return m
}

func readGeminiModels(x *exchange) (*asked, *problem) {
	if id := x.r.PathValue("id"); id != "" {
		if !x.s.models.has(id) {
			return nil, noSuchGemini(id)
		}
		return answerPlainly(mustJSON(gemini(id))), nil
	}
	var models []geminiModel
	for _, n := range append(x.s.models.family("gemini-", "text-embedding-004"), x.s.cfg.Models...) {
		models = append(models, gemini(n))
	}
	return answerPlainly(mustJSON(map[string]any{"models": models})), nil
}

// readGeminiCall reads "model:method" off the path.
func readGeminiCall(x *exchange) (*asked, *problem) {
	model, method, _ := strings.Cut(x.r.PathValue("call"), ":")
	switch method {
	case "generateContent", "streamGenerateContent":
		return readGenerate(x, model, method == "streamGenerateContent")
	case "countTokens":
		return readGeminiCount(x, model)
	case "embedContent", "batchEmbedContents", "predict":
		return readGeminiEmbed(x, model, method)
	}
	return nil, &problem{status: http.StatusNotFound, message: "Unknown method " + clip(method, 60) + "."}
}

// readVertexClaude reads an Anthropic request whose model stands in the path.
func readVertexClaude(x *exchange) (*asked, *problem) {
	model, method, _ := strings.Cut(x.r.PathValue("call"), ":")
	var r messagesRequest
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	r.Model, r.Stream = model, method == "streamRawPredict"
	return askClaude(x, &r, true)
}
