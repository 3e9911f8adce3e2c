package conformance_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
)

// recording is one request and its answer, as they went over the wire.
type recording struct {
	name    string // file and place in it
	file    string
	before  *recording // the call before in the same conversation, nil for the first
	dialect string
	model   string
	kind    llm.Kind // of the route that a client with the provider's protocol calls
	native  bool     // a client can speak the provider's own protocol
	stream  bool

	recorded.Call
}

// excludedRoutes are the routes that the gateway does not offer.
var excludedRoutes = regexp.MustCompile(`/v1/audio/(transcriptions|translations)$|/v1/images/generations$`)

// recordings reads every recorded interaction; excluded names those of routes
// that do not exist here.
func recordings() (all []*recording, excluded []string, err error) {
	calls, err := recorded.All()
	if err != nil {
		return nil, nil, err
	}
	var before *recording
	for _, c := range calls {
		r := &recording{Call: c, file: c.File, name: fmt.Sprintf("%s#%d", c.File, c.Index+1)}
		if c.Index > 0 {
			r.before = before
		}
		before = r
		if excludedRoutes.MatchString(r.Request.URL) {
			excluded = append(excluded, r.name)
			continue
		}
		if err := r.place(); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", r.name, err)
		}
		all = append(all, r)
	}
	return all, excluded, nil
}

// routes say which dialect a recorded address belongs to, the most special first.
var routes = []struct {
	in      string
	dialect string
	kind    llm.Kind
	native  bool
}{
	{"/publishers/anthropic/models/", "vertex", llm.Message, true},
	{"/publishers/google/models/", "vertex", llm.Chat, false},
	{"generativelanguage.googleapis.com/", "google", llm.Chat, false},
	{"api.groq.com/", "groq", llm.Chat, true},
	{"api.anthropic.com/v1/messages", "anthropic", llm.Message, true},
	{"/v1/responses", "openai", llm.Response, true},
	{"/v1/embeddings", "openai", llm.Embedding, true},
	{"/v1/completions", "openai", llm.Completion, true},
	{"/chat/completions", "openai", llm.Chat, true},
}

var modelInPath = regexp.MustCompile(`/models/([^/:]+):(\w+)`)

// place finds out whose a recording is.
func (r *recording) place() error {
	for _, to := range routes {
		if !strings.Contains(r.Request.URL, to.in) {
			continue
		}
		r.dialect, r.kind, r.native = to.dialect, to.kind, to.native
		var body struct {
			Model  string `json:"model"`
			Stream bool   `json:"stream"`
		}
		if err := json.Unmarshal([]byte(r.Request.Body), &body); err != nil {
			return fmt.Errorf("the recorded request: %w", err)
		}
		r.model, r.stream = body.Model, body.Stream
		if m := modelInPath.FindStringSubmatch(r.Request.URL); m != nil {
			r.model, r.stream = m[1], strings.HasPrefix(m[2], "stream")
		}
		return nil
	}
	return fmt.Errorf("nobody here speaks to %s", r.Request.URL)
}

// provider is where in the provider's protocol a recording was made: the dialect,
// and Claude on Vertex apart from Gemini there.
func (r *recording) provider() string {
	if r.dialect == "vertex" && r.native {
		return "vertex (Claude)"
	}
	if r.kind == llm.Response {
		return "openai (Responses)"
	}
	return r.dialect
}

var features = []struct{ in, feature string }{
	{"Thinking", "reasoning"},
	{"reasoning", "reasoning"},
	{"WebSearch", "provider's tools"},
	{"web-search", "provider's tools"},
	{"ComputerUse", "provider's tools"},
	{"CacheControl", "prompt cache"},
	{"Object", "structured output"},
	{"json-mode", "structured output"},
	{"ImageUpload", "pictures, sound"},
	{"image", "pictures, sound"},
	{"audio", "pictures, sound"},
	{"multimodal", "pictures, sound"},
	{"tool", "tools"},
	{"bad-request", "errors"},
	{"unknown-model", "errors"},
	{"no-messages", "errors"},
	{"embeddings", "embeddings"},
	{"completion-", "completions"},
}

// feature is what a recording shows.
func (r *recording) feature() string {
	for _, f := range features {
		if strings.Contains(r.file, f.in) {
			return f.feature
		}
	}
	return "text"
}
