package vertex_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

type embeddings struct {
	Object string `json:"object"`
	Data   []struct {
		Index     int             `json:"index"`
		Embedding json.RawMessage `json:"embedding"`
	} `json:"data"`
	Model string `json:"model"`
	Usage struct {
		Prompt int64 `json:"prompt_tokens"`
		Total  int64 `json:"total_tokens"`
	} `json:"usage"`
}

// floats reads a vector of either encoding.
func floats(t *testing.T, raw json.RawMessage) (out []float32) {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) != nil {
		require.NoError(t, json.Unmarshal(raw, &out))
		return out
	}
	b, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	for i := 0; i < len(b); i += 4 {
		out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
	}
	return out
}

// TestEmbeddings: each text gets its own vector, in order, however many requests
// it takes.
func TestEmbeddings(t *testing.T) {
	for name, c := range map[string]struct {
		model    string
		texts    int
		requests int
		counted  bool // by the provider
		path     string
	}{
		"AI Studio":            {"google/gemini-embedding-001", 3, 1, false, ":batchEmbedContents"},
		"AI Studio, many":      {"google/text-embedding-004", 205, 3, false, ":batchEmbedContents"},
		"Vertex":               {"vertex/text-embedding-004", 251, 2, true, ":predict"},
		"Vertex, one by one":   {"vertex/gemini-embedding-001", 9, 9, true, ":predict"},
		"Vertex, embedContent": {"vertex/gemini-embedding-2", 5, 5, false, ":embedContent"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, encoding := range []string{"float", "base64"} {
				b, p := serve(t, nil)
				texts := make([]string, c.texts)
				tokens := int64(0)
				for i := range texts {
					texts[i] = fmt.Sprintf("text number %d", i)
					tokens += int64(llmsim.CountTokens(texts[i]))
				}
				input, err := json.Marshal(texts)
				require.NoError(t, err)
				status, raw := send(t, b, "/v1/embeddings", `{"model":"`+c.model+`","dimensions":16,"encoding_format":"`+encoding+`","input":`+string(input)+`}`)
				require.Equal(t, http.StatusOK, status, "%s", raw)
				var got embeddings
				require.NoError(t, json.Unmarshal(raw, &got))
				require.Equal(t, "list", got.Object)
				require.Len(t, got.Data, c.texts)
				for i, d := range got.Data {
					require.Equal(t, i, d.Index)
					require.Equal(t, llmsim.Embed(texts[i], 16), floats(t, d.Embedding), "text %d", i)
				}
				require.Equal(t, c.requests, p.count())
				require.Contains(t, p.last(t).Path, c.path)
				row := b.Row()
				require.Equal(t, got.Usage.Prompt, row.Tokens.Input)
				require.Equal(t, !c.counted, row.Estimated)
				if c.counted {
					require.Equal(t, tokens, got.Usage.Prompt)
				}
				require.Positive(t, got.Usage.Total)
			}
		})
	}
}

func TestOneText(t *testing.T) {
	b, _ := serve(t, nil)
	status, raw := send(t, b, "/v1/embeddings", `{"model":"google/gemini-embedding-001","input":"the sea"}`)
	require.Equal(t, http.StatusOK, status)
	var got embeddings
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Len(t, floats(t, got.Data[0].Embedding), 3072)
}

func TestEmbeddingsThatAreRefused(t *testing.T) {
	b, p := serve(t, nil)
	for name, c := range map[string]struct{ body, field string }{
		"tokens":           {`"input":[1,2,3]`, "input"},
		"lists of tokens":  {`"input":[[1,2],[3]]`, "input"},
		"a mixture":        {`"input":["a",2]`, "input"},
		"an empty text":    {`"input":["a",""]`, "input"},
		"too many":         {`"input":[` + strings.TrimSuffix(strings.Repeat(`"a",`, 2049), ",") + `]`, "input"},
		"no dimensions":    {`"input":"a","dimensions":0`, "dimensions"},
		"wrong dimensions": {`"input":"a","dimensions":"16"`, "dimensions"},
		"wrong encoding":   {`"input":"a","encoding_format":"int8"`, "encoding_format"},
	} {
		t.Run(name, func(t *testing.T) {
			status, raw := send(t, b, "/v1/embeddings", `{"model":"google/gemini-embedding-001",`+c.body+`}`)
			require.Equal(t, http.StatusBadRequest, status, "%s", raw)
			require.Contains(t, string(raw), `"param":"`+c.field+`"`)
		})
	}
	status, raw := send(t, b, "/v1/embeddings", `{"model":"vertex/claude-3-7-sonnet@20250219","input":"a"}`)
	require.Equal(t, http.StatusBadRequest, status, "%s", raw)
	require.Contains(t, string(raw), `"param":"model"`)
	require.Zero(t, p.count())
}

func TestARefusalOfOneRequestIsOneOfAll(t *testing.T) {
	b, p := serve(t, nil)
	require.NoError(t, p.sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 400, Count: 1}))
	status, raw := send(t, b, "/v1/embeddings", `{"model":"vertex/gemini-embedding-001","input":["a","b","c","d","e"]}`)
	require.Equal(t, http.StatusBadRequest, status, "%s", raw)
	require.Equal(t, http.StatusBadRequest, b.Row().Status)
}
