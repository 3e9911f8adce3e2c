package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// Responses keeps answers of /v1/responses for later calls of the same owner in
// the same tenant. Errors are *dcoder.Error: 503 with Retry-After while the
// tenant's database cannot be reached.
type Responses interface {
	// Ready reports whether answers can be kept.
	Ready(ctx context.Context, tenant string) error
	// Keep writes an answer down, in place of one of the same id and owner.
	Keep(ctx context.Context, tenant string, s *dcoder.StoredResponse) error
	// Find returns an answer, nil when there is none.
	Find(ctx context.Context, tenant, owner, id string) (*dcoder.StoredResponse, error)
	// Chain returns an answer behind all that it continues, oldest first; nothing
	// when there is no such answer. most bounds their bytes.
	Chain(ctx context.Context, tenant, owner, id string, most int64) ([]dcoder.StoredResponse, error)
	// Holding returns the answers that have one of the items.
	Holding(ctx context.Context, tenant, owner string, items []string) ([]dcoder.StoredResponse, error)
	// Forget deletes an answer and reports whether it was there.
	Forget(ctx context.Context, tenant, owner, id string) (bool, error)
}

// HeaderStore says what became of an answer that should have been kept and was
// not: "failed", "too_large", or "off" where nothing is kept.
const HeaderStore = "X-Dcoder-Store"

// defaultLife is how long OpenAI keeps answers.
const defaultLife = 30 * 24 * time.Hour

func (c *chat) responseRoutes() []function.Part {
	options := func(s function.Schema) []function.Option {
		return []function.Option{function.Allow(dcoder.ModelsUse), function.Errors(function.EnvelopeOpenAI), function.Doc(s)}
	}
	return []function.Part{
		function.Handle("POST /v1/responses", c.respond, callOptions(responseSchema)...),
		function.Handle("GET /v1/responses/{id}", c.response, options(storedSchema)...),
		function.Handle("DELETE /v1/responses/{id}", c.forget, options(deletedSchema)...),
		function.Handle("GET /v1/responses/{id}/input_items", c.inputItems, options(itemsSchema)...),
	}
}

// respond answers one call of the Responses API. What the client wants kept is
// kept here and by no provider: each call goes out whole, with all that it
// continues, so that any provider can answer it.
func (c *chat) respond(w http.ResponseWriter, r *http.Request) error {
	req, err := llm.Open(r, llm.Response, auth.SnapshotOf(r.Context()))
	if err != nil {
		return err
	}
	defer req.Close()
	req.Inbound = doorOf(llm.Response).inbound
	turn, err := c.openTurn(r.Context(), req)
	if err != nil {
		return err
	}
	if turn.told != "" {
		w.Header().Set(HeaderStore, turn.told)
	}
	return c.Replays.Do(w, r, req, func(w http.ResponseWriter) error {
		d := &chat{c.Deps}
		if turn.touched() {
			d.Model = keeping{Model: c.Model, turn: turn}
		}
		if req.Stream {
			return d.stream(w, r, req)
		}
		return llm.Answer(r.Context(), d.Model, req, w)
	})
}

// responseFailed is the protocol's error event. The error stands in it twice, flat
// as the protocol has it and as the object that the official SDKs look for.
func responseFailed(body []byte, events int64) []byte {
	var in struct {
		Error struct {
			Code    any    `json:"code"`
			Message string `json:"message"`
			Param   any    `json:"param"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &in) != nil {
		return openAIFailed(body, events)
	}
	flat, err := json.Marshal(map[string]any{
		"type": "error", "code": in.Error.Code, "message": in.Error.Message, "param": in.Error.Param,
		"sequence_number": events,
	})
	if err != nil {
		return openAIFailed(body, events)
	}
	both := append(append(flat[:len(flat)-1], ','), bytes.TrimSpace(body)[1:]...)
	return sse.AppendEvent(nil, "error", both)
}

// owner is whose answers a principal's are: the user's, of whichever key, or
// those of a key that has no user.
func owner(p *dcoder.Principal) string {
	if p.User != "" {
		return "user:" + p.User
	}
	return "key:" + p.Key
}
