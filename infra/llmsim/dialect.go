package llmsim

import (
	"net/http"
	"strings"
)

// dialect is what differs between vendors around an answer.
type dialect struct {
	name       string
	credential func(*http.Request) string
	unknownKey func(key string) *problem // of no key ("") and of a bad one
	noModel    func(model string) *problem
	errorBody  func(p *problem, requestID string) []byte
	errorFrame func(p *problem) []byte // inside a 200 stream
	headers    func(h http.Header, requestID string)
}

// bearer returns the token of an Authorization header.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// modelList knows which models are offered.
type modelList struct{ names []string }

var builtinModels = []string{
	"gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano", "o4-mini", "o3",
	"gpt-4o-audio-preview", "gpt-4o-mini-search-preview", "gpt-3.5-turbo-instruct", "babbage-002", "davinci-002",
	"text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002",
	"claude-opus-4-6", "claude-opus-4", "claude-sonnet-4", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-3-7-sonnet", "claude-3-5-haiku",
	"gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-3-pro-preview", "gemini-2.0-flash", "gemini-embedding-001", "text-embedding-004",
	"llama-3.3-70b-versatile", "llama-3.1-8b-instant", "openai/gpt-oss-120b", "openai/gpt-oss-20b", "moonshotai/kimi-k2-instruct-0905", "qwen/qwen3-32b",
	"meta-llama/llama-4-scout-17b-16e-instruct",
}

func newModelList(more []string) *modelList {
	return &modelList{names: append(append([]string{}, builtinModels...), more...)}
}

// has knows the listed names, each also with a date or ":version" behind it,
// and every name that begins with "sim-".
func (l *modelList) has(model string) bool {
	for _, n := range l.names {
		rest, ok := strings.CutPrefix(model, n)
		if ok && (rest == "" || strings.IndexByte("-@:", rest[0]) >= 0 && strings.Trim(rest[1:], "0123456789-lates") == "") {
			return true
		}
	}
	return strings.HasPrefix(model, "sim-") && len(model) > len("sim-")
}

// family returns the listed names that begin with any of the prefixes, or all
// others where none is given.
func (l *modelList) family(prefixes ...string) []string {
	var out []string
	for _, n := range l.names {
		for _, p := range prefixes {
			if strings.HasPrefix(n, p) {
				out = append(out, n)
				break
			}
		}
	}
	return out
}
