package llmsim

import (
	"encoding/json"
	"strings"
)

type embeddingRequest struct {
	Model          string          `json:"model"`
	Input          json.RawMessage `json:"input"`
	Dimensions     *int            `json:"dimensions"`
	EncodingFormat string          `json:"encoding_format"`
}

type embeddingList struct {
	Object string      `json:"object"`
	Data   []embedding `json:"data"`
	Model  string      `json:"model"`
	Usage  struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	} `json:"usage"`
}

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, or base64 of them
}

const (
	maxInputs     = 2048 // texts of one request, as OpenAI has it
	maxEmbedInput = 8192 // tokens of one text
	maxDimensions = 3072
)

func readEmbeddings(x *exchange) (*asked, *problem) {
	var r embeddingRequest
	if p := decode(x.body, &r); p != nil {
		return nil, p
	}
	inputs, p := r.check()
	if p != nil {
		return nil, p
	}
	return &asked{model: r.Model, write: func(*Fault) (*script, *problem) { return r.write(inputs), nil }}, nil
}

func (r *embeddingRequest) check() ([]string, *problem) {
	inputs, ok := texts(r.Input)
	switch {
	case r.Model == "":
		return nil, badField("model", "you must provide a model parameter")
	case !ok || len(inputs) == 0 || inputs[0] == "" && len(inputs) == 1:
		return nil, badField("input", "'input' cannot be an empty string or array, and must be strings or tokens.")
	case len(inputs) > maxInputs:
		return nil, badField("input", "Invalid 'input': maximum of %d inputs exceeded.", maxInputs)
	case r.Dimensions != nil && *r.Dimensions < 1:
		return nil, badField("dimensions", "%d is less than the minimum of 1 - 'dimensions'", *r.Dimensions)
	case r.Dimensions != nil && *r.Dimensions > maxDimensions:
		return nil, badField("dimensions", "Invalid value for 'dimensions' = %d. Must be less than or equal to %d.", *r.Dimensions, maxDimensions)
	case r.EncodingFormat != "" && r.EncodingFormat != "float" && r.EncodingFormat != "base64":
		return nil, badField("encoding_format", "'%s' is not one of ['float', 'base64'] - 'encoding_format'", clip(r.EncodingFormat, 40))
	}
	for i, s := range inputs {
		if n := CountTokens(s); n > maxEmbedInput {
			return nil, badField("input", "Invalid 'input[%d]': maximum context length is %d tokens, but got %d tokens.", i, maxEmbedInput, n)
		}
	}
	return inputs, nil
}

// dimensionsOf is what a model gives where nothing is asked.
func dimensionsOf(model string) int {
	switch {
	case strings.Contains(model, "large"), strings.HasPrefix(model, "gemini-embedding"):
		return 3072
	case strings.HasPrefix(model, "text-embedding-004"):
		return 768
	}
	return 1536
}

func (r *embeddingRequest) write(inputs []string) *script {
	dim := dimensionsOf(r.Model)
	if r.Dimensions != nil {
		dim = *r.Dimensions
	}
	out := embeddingList{Object: "list", Model: r.Model, Data: make([]embedding, len(inputs))}
	tokens := 0
	for i, s := range inputs {
		v := Embed(s, dim)
		tokens += CountTokens(s)
		out.Data[i] = embedding{Object: "embedding", Index: i, Embedding: v}
		if r.EncodingFormat == "base64" {
			out.Data[i].Embedding = base64Floats(v)
		}
	}
	out.Usage.PromptTokens, out.Usage.TotalTokens = tokens, tokens
	sc := &script{id: "emb-" + token(24), input: tokens}
	sc.add(0, mustJSON(out))
	return sc
}
