package vendortest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/genai"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

func geminiClient(t *testing.T, url string) *genai.Client {
	c, err := genai.NewClient(t.Context(), &genai.ClientConfig{APIKey: "test-key", Backend: genai.BackendGeminiAPI, HTTPOptions: genai.HTTPOptions{BaseURL: url}})
	require.NoError(t, err)
	return c
}

func TestGenAISDK(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := geminiClient(t, url)
	config := &genai.GenerateContentConfig{SystemInstruction: genai.NewContentFromText("Tea costs 3 euros. Coffee costs 4 euros.", "user")}
	const model, want = "gemini-2.5-flash", "Coffee costs 4 euros."
	res, err := client.Models.GenerateContent(t.Context(), model, genai.Text("What does coffee cost?"), config)
	require.NoError(t, err)
	require.Equal(t, want, res.Text())
	require.Equal(t, genai.FinishReasonStop, res.Candidates[0].FinishReason)
	require.EqualValues(t, llmsim.CountTokens(want), res.UsageMetadata.CandidatesTokenCount)

	text, chunks := "", 0
	for r, err := range client.Models.GenerateContentStream(t.Context(), model, genai.Text("What does coffee cost?"), config) {
		require.NoError(t, err)
		text += r.Text()
		chunks++
	}
	require.Equal(t, want, text)
	require.Equal(t, llmsim.CountTokens(want), chunks)

	count, err := client.Models.CountTokens(t.Context(), model, genai.Text("What does coffee cost?"), nil)
	require.NoError(t, err)
	require.Positive(t, count.TotalTokens)
	models, err := client.Models.List(t.Context(), nil)
	require.NoError(t, err)
	require.NotEmpty(t, models.Items)
}

func TestGenAISDKTools(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	config := &genai.GenerateContentConfig{Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
		Name: "weather", Parameters: &genai.Schema{Type: genai.TypeObject, Properties: map[string]*genai.Schema{"location": {Type: genai.TypeString}}},
	}}}}}
	res, err := geminiClient(t, url).Models.GenerateContent(t.Context(), "gemini-3-pro-preview", genai.Text("What's the weather in Florence?"), config)
	require.NoError(t, err)
	calls := res.FunctionCalls()
	require.Len(t, calls, 1)
	require.Equal(t, map[string]any{"location": "Florence"}, calls[0].Args)
	require.NotEmpty(t, calls[0].ID)
}

func TestGenAISDKStructuredOutput(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	res, err := geminiClient(t, url).Models.GenerateContent(t.Context(), "gemini-2.5-pro", genai.Text("two colours"), &genai.GenerateContentConfig{
		ResponseMIMEType: "application/json",
		ResponseSchema:   &genai.Schema{Type: genai.TypeArray, MinItems: genai.Ptr[int64](2), Items: &genai.Schema{Type: genai.TypeString, Enum: []string{"red", "blue"}}},
	})
	require.NoError(t, err)
	var colours []string
	require.NoError(t, json.Unmarshal([]byte(res.Text()), &colours))
	require.Equal(t, []string{"red", "red"}, colours)
}

func TestGenAISDKEmbeddings(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	texts := []*genai.Content{genai.NewContentFromText("red roses", "user"), genai.NewContentFromText("blue sea", "user")}
	res, err := geminiClient(t, url).Models.EmbedContent(t.Context(), "gemini-embedding-001", texts, &genai.EmbedContentConfig{OutputDimensionality: genai.Ptr[int32](64)})
	require.NoError(t, err)
	require.Len(t, res.Embeddings, 2)
	require.Len(t, res.Embeddings[0].Values, 64)
	require.Equal(t, llmsim.Embed("red roses", 64), res.Embeddings[0].Values)
}

func TestGenAISDKErrors(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	client := geminiClient(t, url)
	for status, name := range map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
	} {
		s.Reset()
		require.NoError(t, s.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: status}))
		_, err := client.Models.GenerateContent(t.Context(), "gemini-2.5-flash", genai.Text("hi"), nil)
		var e genai.APIError
		require.ErrorAs(t, err, &e)
		require.Equal(t, status, e.Code)
		require.Equal(t, name, e.Status)
	}
}
