package chat

import (
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// messages is a route of Anthropic's shape. Its SDKs send the key as x-api-key
// and name a version of the API; a client that names none is served the same.
func (c *chat) messages(kind llm.Kind) function.Part {
	options := func(s function.Schema) []function.Option {
		return []function.Option{
			function.Allow(dcoder.ModelsUse), function.Admitted(), function.MaxBody(maxBody),
			function.Errors(function.EnvelopeAnthropic), function.Doc(s),
		}
	}
	if kind == llm.Count {
		return function.Handle("POST /v1/messages/count_tokens", c.countTokens, options(countSchema)...)
	}
	return function.Handle("POST /v1/messages", c.complete(kind), options(messageSchema)...)
}

// countTokens says how many tokens a request would be: the provider's own count
// where it counts, else an estimate; X-Dcoder-Token-Count says which.
func (c *chat) countTokens(w http.ResponseWriter, r *http.Request) error {
	req, err := llm.Open(r, llm.Count, auth.SnapshotOf(r.Context()))
	if err != nil {
		return err
	}
	defer req.Close()
	req.Stream = false
	return llm.Answer(r.Context(), c.Model, req, w)
}
