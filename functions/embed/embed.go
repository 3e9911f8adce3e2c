// Package embed answers OpenAI-shaped embeddings. Inputs of any form (a text,
// texts, token numbers), encodings and dimensions pass through.
package embed

import (
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Deps is what embed needs.
type Deps struct {
	Model   llm.Model   // with all its coats
	Replays llm.Replays // of Idempotency-Key; the zero value honours none
}

// maxBody is the largest request body, bytes: 2,048 inputs of 8,192 tokens are
// more than a provider takes.
const maxBody = 32 << 20

type embed struct{ Deps }

// New returns the function.
func New(d Deps) function.Func {
	e := &embed{d}
	return function.New("embed",
		function.Handle("POST /v1/embeddings", e.embeddings,
			function.Allow(dcoder.ModelsUse), function.Admitted(), function.MaxBody(maxBody),
			function.Errors(function.EnvelopeOpenAI), function.Doc(schema)),
		function.Scaling{Concurrency: 100, Timeout: 5 * time.Minute, CPU: "250m", Memory: "256Mi"},
	)
}

func (e *embed) embeddings(w http.ResponseWriter, r *http.Request) error {
	req, err := llm.Open(r, llm.Embedding, auth.SnapshotOf(r.Context()))
	if err != nil {
		return err
	}
	defer req.Close()
	return e.Replays.Do(w, r, req, func(w http.ResponseWriter) error {
		return llm.Answer(r.Context(), e.Model, req, w)
	})
}
