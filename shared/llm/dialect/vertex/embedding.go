package vertex

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
)

// Bounds of a predict request. Source:
// docs.cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings, as of 2026-11.
const (
	predictTexts  = 250
	predictTokens = 16_000 // of 20,000: ours are estimated
)

// plan is how a model embeds: Gemini's newer ones one content at a time, all
// others by predict, the first of Gemini's with one text of a request.
func (v *Dialect) plan(c *llm.Candidate) google.Plan {
	switch {
	case strings.HasPrefix(c.Model, "gemini-embedding-001"):
		return google.Plan{Batch: 1, Request: v.predict, Read: readPredictions}
	case strings.Contains(c.Model, "gemini"), strings.Contains(c.Model, "maas"):
		return google.Plan{Batch: 1, Request: v.embedContent, Read: readEmbedding}
	}
	return google.Plan{Batch: predictTexts, Tokens: predictTokens, Request: v.predict, Read: readPredictions}
}

type instance struct {
	Content string `json:"content"`
}

type parameters struct {
	Dimensions *int64 `json:"outputDimensionality,omitempty"`
}

func (v *Dialect) predict(ctx context.Context, req *llm.Request, c *llm.Candidate, texts []string, dimensions *int64) (*http.Request, error) {
	instances := make([]instance, len(texts))
	for i, t := range texts {
		instances[i].Content = t
	}
	in := struct {
		Instances  []instance  `json:"instances"`
		Parameters *parameters `json:"parameters,omitempty"`
	}{Instances: instances}
	if dimensions != nil {
		in.Parameters = &parameters{dimensions}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return v.request(ctx, req, c, "google", "predict", body, false)
}

func readPredictions(body []byte) (vectors []json.RawMessage, tokens int64, err error) {
	var in struct {
		Predictions []struct {
			Embeddings struct {
				google.Values
				Statistics struct {
					Tokens float64 `json:"token_count"`
				} `json:"statistics"`
			} `json:"embeddings"`
		} `json:"predictions"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, 0, err
	}
	for _, p := range in.Predictions {
		vectors = append(vectors, p.Embeddings.Values.Values)
		tokens += int64(p.Embeddings.Statistics.Tokens)
	}
	return vectors, tokens, nil
}

func (v *Dialect) embedContent(ctx context.Context, req *llm.Request, c *llm.Candidate, texts []string, dimensions *int64) (*http.Request, error) {
	in := struct {
		Content google.Content `json:"content"`
		Config  *parameters    `json:"embedContentConfig,omitempty"`
	}{Content: google.Text(texts[0])}
	if dimensions != nil {
		in.Config = &parameters{dimensions}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return v.request(ctx, req, c, "google", "embedContent", body, false)
}

func readEmbedding(body []byte) (vectors []json.RawMessage, tokens int64, err error) {
	var in struct {
		Embedding google.Values  `json:"embedding"`
		Usage     google.Counted `json:"usageMetadata"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, 0, err
	}
	return []json.RawMessage{in.Embedding.Values}, in.Usage.Prompt, nil
}
