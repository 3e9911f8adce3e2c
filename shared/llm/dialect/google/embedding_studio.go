package google

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

// plan is AI Studio's: up to 100 texts of a request. Source:
// ai.google.dev/api/embeddings#method:-models.batchembedcontents.
func plan(*llm.Candidate) Plan { return Plan{Batch: 100, Request: embedRequest, Read: readEmbeddings} }

// Content is a text in Google's shape.
type Content struct {
	Parts []TextPart `json:"parts"`
}

// TextPart is the one part of a Content.
type TextPart struct {
	Text string `json:"text"`
}

// Text wraps a text.
func Text(s string) Content { return Content{Parts: []TextPart{{Text: s}}} }

type embedContent struct {
	Model      string  `json:"model"`
	Content    Content `json:"content"`
	Dimensions *int64  `json:"outputDimensionality,omitempty"`
}

func embedRequest(ctx context.Context, req *llm.Request, c *llm.Candidate, texts []string, dimensions *int64) (*http.Request, error) {
	at, err := Address(c, basePath, "models", "batchEmbedContents")
	if err != nil {
		return nil, err
	}
	all := make([]embedContent, len(texts))
	for i, t := range texts {
		all[i] = embedContent{"models/" + c.Model, Text(t), dimensions}
	}
	body, err := json.Marshal(map[string]any{"requests": all})
	if err != nil {
		return nil, err
	}
	out := wire.NewRequest(ctx, req, at, body, false)
	out.Header["X-Goog-Api-Key"] = []string{c.Grant.Secret}
	return out, nil
}

// Values is one embedding of Google's.
type Values struct {
	Values json.RawMessage `json:"values"`
}

// Counted is the usage that newer embedding models report.
type Counted struct {
	Prompt int64 `json:"promptTokenCount"`
}

func readEmbeddings(body []byte) (vectors []json.RawMessage, tokens int64, err error) {
	var in struct {
		Embeddings []Values `json:"embeddings"`
		Usage      Counted  `json:"usageMetadata"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, 0, err
	}
	for _, e := range in.Embeddings {
		vectors = append(vectors, e.Values)
	}
	return vectors, in.Usage.Prompt, nil
}
