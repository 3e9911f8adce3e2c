package google

import (
	"context"
	"encoding/json"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// Plan is how one provider embeds with one model.
type Plan struct {
	Batch  int   // most texts of a request
	Tokens int64 // most tokens of a request, estimated; 0: no bound known

	// Request builds the request for some texts; Read returns their vectors, raw
	// JSON lists in the order of the texts, and the tokens that the provider
	// counted, 0 for none.
	Request func(ctx context.Context, req *llm.Request, c *llm.Candidate, texts []string, dimensions *int64) (*http.Request, error)
	Read    func(body []byte) (vectors []json.RawMessage, tokens int64, err error)
}

// Embeddings answers OpenAI's embedding calls: the texts go out in as many
// requests as the provider's bounds need, and come back in order.
type Embeddings struct {
	Doer llm.Doer
	Plan func(c *llm.Candidate) Plan
}

// requestsTogether is how many requests of one call run at once.
const requestsTogether = 4

// Complete implements llm.Dialect for calls of the kind Embedding.
func (e *Embeddings) Complete(ctx context.Context, req *llm.Request, c *llm.Candidate) (*llm.Reply, error) {
	in, err := readInput(req.Doc.Raw)
	if err != nil {
		return nil, wire.Refused(err)
	}
	plan := e.Plan(c)
	batches := split(in.texts, plan.Batch, plan.Tokens)
	answers := make([]answer, len(batches))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(requestsTogether)
	for i, texts := range batches {
		g.Go(func() (err error) {
			answers[i], err = e.ask(inner, req, c, &plan, texts, in.dimensions)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return in.reply(req, c, answers)
}

// answer is what one request brought.
type answer struct {
	vectors []json.RawMessage
	tokens  int64
	header  http.Header
}

func (e *Embeddings) ask(ctx context.Context, req *llm.Request, c *llm.Candidate, plan *Plan, texts []string, dimensions *int64) (a answer, err error) {
	out, err := plan.Request(ctx, req, c, texts, dimensions)
	if err != nil {
		return a, wire.Refused(err)
	}
	resp, err := e.Doer.Do(out) //nolint:bodyclose // ReadAll and Refusal close it
	if err != nil {
		return a, wire.Unreachable(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		return a, wire.Refusal(ctx, resp, c.Grant.Secret, generate.Protocol.ReadError, Classify, Visible)
	}
	body, err := wire.ReadAll(resp)
	if err != nil {
		return a, wire.Broken(ctx, err)
	}
	defer body.Release()
	vectors, tokens, err := plan.Read(body.B)
	if err != nil || len(vectors) != len(texts) {
		return a, wire.Garbage("the provider's answer does not have an embedding for each text")
	}
	return answer{vectors, tokens, Visible(resp.Header)}, nil
}

// split cuts texts into requests; a single text is never refused for its size
// here, the provider knows better.
func split(texts []string, most int, tokens int64) (batches [][]string) {
	from, sum := 0, int64(0)
	for i, text := range texts {
		n := estimate(text)
		if i > from && (i-from >= most || tokens > 0 && sum+n > tokens) {
			batches = append(batches, texts[from:i])
			from, sum = i, 0
		}
		sum += n
	}
	return append(batches, texts[from:])
}

func estimate(text string) int64 {
	var t token.Text
	for i := range len(text) {
		if text[i] < 0x80 {
			t.ASCII++
		} else {
			t.Multi++
		}
	}
	return token.Estimate(t)
}
