package embed_test

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"
	"strings"
	"testing"

	openaisdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/embed"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/price"
)

func serve(t *testing.T) (*llmtest.Bench, openaisdk.Client) {
	t.Helper()
	b := llmtest.New(t, llmtest.Options{}, func(m llm.Model) function.Func { return embed.New(embed.Deps{Model: m}) })
	return b, openaisdk.NewClient(option.WithBaseURL(b.URL+"/v1"), option.WithAPIKey("dck_test"), option.WithMaxRetries(0))
}

func TestNewNeedsNothing(t *testing.T) {
	require.Equal(t, "embed", embed.New(embed.Deps{}).Name)
}

func TestEmbeddings(t *testing.T) {
	for name, c := range map[string]struct {
		params     openaisdk.EmbeddingNewParams
		vectors    int
		dimensions int
	}{
		"a text": {openaisdk.EmbeddingNewParams{
			Model: "text-embedding-3-small", Input: openaisdk.EmbeddingNewParamsInputUnion{OfString: openaisdk.String("the sea")},
		}, 1, 1536},
		"a batch": {openaisdk.EmbeddingNewParams{
			Model: "text-embedding-3-large", Input: openaisdk.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b", "c"}},
		}, 3, 3072},
		"fewer dimensions": {openaisdk.EmbeddingNewParams{
			Model: "text-embedding-3-small", Dimensions: openaisdk.Int(64), Input: openaisdk.EmbeddingNewParamsInputUnion{OfString: openaisdk.String("x")},
		}, 1, 64},
		"token numbers": {openaisdk.EmbeddingNewParams{
			Model: "text-embedding-3-small", Input: openaisdk.EmbeddingNewParamsInputUnion{OfArrayOfTokens: []int64{1, 2, 3}},
		}, 1, 1536},
	} {
		t.Run(name, func(t *testing.T) {
			b, client := serve(t)
			got, err := client.Embeddings.New(t.Context(), c.params)
			require.NoError(t, err)
			require.Len(t, got.Data, c.vectors)
			for _, v := range got.Data {
				require.Len(t, v.Embedding, c.dimensions)
				sum := 0.0
				for _, x := range v.Embedding {
					sum += x * x
				}
				require.InDelta(t, 1, math.Sqrt(sum), 1e-3)
			}
			row := b.Row()
			require.Equal(t, dcoder.UsageFinal, row.State)
			require.False(t, row.Estimated)
			require.Equal(t, got.Usage.PromptTokens, row.Tokens.Input)
			require.Zero(t, row.Tokens.Output)
			require.Equal(t, price.Cost(price.Find("openai", c.params.Model), &row.Tokens), row.Cost)
		})
	}
}

func TestBase64PassesThrough(t *testing.T) {
	b, client := serve(t)
	var raw map[string]any
	err := client.Post(t.Context(), "embeddings", map[string]any{"model": "text-embedding-3-small", "input": "x", "encoding_format": "base64"}, &raw)
	require.NoError(t, err)
	require.IsType(t, "", raw["data"].([]any)[0].(map[string]any)["embedding"])
	require.False(t, b.Row().Estimated)
}

func TestBadInput(t *testing.T) {
	b, client := serve(t)
	for field, body := range map[string]map[string]any{
		"input":  {"model": "text-embedding-3-small", "input": []string{}},
		"model":  {"model": "gpt-77", "input": "x"},
		"stream": {"model": "text-embedding-3-small", "input": "x", "stream": true},
	} {
		err := client.Post(t.Context(), "embeddings", body, nil)
		var e *openaisdk.Error
		require.ErrorAs(t, err, &e)
		require.Less(t, e.StatusCode, http.StatusInternalServerError)
		require.Equal(t, field, e.Param)
	}
	require.Empty(t, b.Sim.Requests(0))
}

func TestProviderFailure(t *testing.T) {
	b, client := serve(t)
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 500, Count: 1}))
	_, err := client.Embeddings.New(t.Context(), openaisdk.EmbeddingNewParams{
		Model: "text-embedding-3-small", Input: openaisdk.EmbeddingNewParamsInputUnion{OfString: openaisdk.String("x")},
	})
	require.NoError(t, err, "retried")
	require.Equal(t, 1, b.Row().Retries)
}

func TestBase64HoldsTheSameFloats(t *testing.T) {
	_, client := serve(t)
	body := map[string]any{"model": "text-embedding-3-small", "input": []string{"x", "y"}, "dimensions": 8}
	var floats struct {
		Data []struct{ Embedding []float64 }
	}
	require.NoError(t, client.Post(t.Context(), "embeddings", body, &floats))
	body["encoding_format"] = "base64"
	var packed struct{ Data []struct{ Embedding string } }
	require.NoError(t, client.Post(t.Context(), "embeddings", body, &packed))
	require.Len(t, packed.Data, 2)
	for i, d := range packed.Data {
		raw, err := base64.StdEncoding.DecodeString(d.Embedding)
		require.NoError(t, err)
		require.Len(t, raw, 4*8)
		for j := range 8 {
			f := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*j:]))
			require.InDelta(t, floats.Data[i].Embedding[j], f, 1e-6)
		}
	}
}

func TestProvidersWithoutEmbeddingsNameTheModel(t *testing.T) {
	for _, model := range []string{"llm.groq.llama-3.1-8b-instant", "llm.anthropic.claude-sonnet-4-5"} {
		t.Run(model, func(t *testing.T) {
			b, client := serve(t)
			err := client.Post(t.Context(), "embeddings", map[string]any{"model": model, "input": "x"}, nil)
			var e *openaisdk.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, http.StatusBadRequest, e.StatusCode)
			require.Equal(t, "model", e.Param)
			require.Contains(t, e.Message, strings.SplitN(model, ".", 3)[2])
			require.Empty(t, b.Sim.Requests(0), "no provider is asked")
		})
	}
}
