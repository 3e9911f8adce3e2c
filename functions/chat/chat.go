// Package chat answers OpenAI-shaped completions and Anthropic-shaped messages,
// whole and streamed, and lists models. What a call may use, what it costs
// and who serves it is decided by package llm's coats; here is only how it meets
// HTTP.
package chat

import (
	"net/http"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Deps is what chat needs.
type Deps struct {
	Model    llm.Model     // with all its coats
	Dialects []string      // those that this process speaks; empty: no filter
	Replays  llm.Replays   // of Idempotency-Key; the zero value honours none
	Silence  time.Duration // of a stream before a ping; default 15 s

	Responses    Responses     // keeps answers of /v1/responses; nil: none are kept
	ResponseLife time.Duration // of what is kept; default 30 days, as with OpenAI; below 0: nothing is
}

// maxBody is the largest request body, bytes: pictures come inside.
const maxBody = 32 << 20

type chat struct{ Deps }

// New returns the function.
func New(d Deps) function.Func {
	if d.Silence == 0 {
		d.Silence = 15 * time.Second
	}
	if d.ResponseLife < 0 {
		d.Responses = nil
	}
	c := &chat{d}
	return function.New("chat", append(c.responseRoutes(),
		function.Handle("POST /v1/chat/completions", c.complete(llm.Chat), callOptions(chatSchema)...),
		c.messages(llm.Message),
		c.messages(llm.Count),
		function.Handle("POST /v1/completions", c.complete(llm.Completion), callOptions(completionSchema)...),
		function.Handle("GET /v1/models", c.models, function.Allow(dcoder.ModelsUse), function.Errors(function.EnvelopeOpenAI), function.Doc(modelsSchema)),
		function.Handle("GET /v1/models/{id...}", c.model, function.Allow(dcoder.ModelsUse), function.Errors(function.EnvelopeOpenAI), function.Doc(modelSchema)),
		function.Scaling{Concurrency: 250, Timeout: 15 * time.Minute, CPU: "500m", Memory: "256Mi"},
	)...)
}

func callOptions(s function.Schema) []function.Option {
	return []function.Option{
		function.Allow(dcoder.ModelsUse), function.Admitted(), function.MaxBody(maxBody),
		function.Errors(function.EnvelopeOpenAI), function.Doc(s),
	}
}

// complete answers one call.
func (c *chat) complete(kind llm.Kind) function.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		req, err := llm.Open(r, kind, auth.SnapshotOf(r.Context()))
		if err != nil {
			return err
		}
		defer req.Close()
		req.Inbound = doorOf(kind).inbound
		return c.Replays.Do(w, r, req, func(w http.ResponseWriter) error {
			if req.Stream {
				return c.stream(w, r, req)
			}
			return llm.Answer(r.Context(), c.Model, req, w)
		})
	}
}

func (c *chat) speaks(dialect string) bool {
	return len(c.Dialects) == 0 || slices.Contains(c.Dialects, dialect)
}
