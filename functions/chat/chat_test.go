package chat_test

import (
	"encoding/json"
	"net/http"
	"testing"

	openaisdk "github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/price"
)

func TestNewNeedsNothing(t *testing.T) {
	f := chat.New(chat.Deps{})
	require.Equal(t, "chat", f.Name)
	require.GreaterOrEqual(t, len(f.Routes), 6)
}

func TestCompletionThroughTheSDK(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	c := sdk(b)
	got, err := c.Chat.Completions.New(t.Context(), question("gpt-4o-mini"))
	require.NoError(t, err)
	require.NotEmpty(t, got.Choices[0].Message.Content)

	row := b.Row()
	require.Equal(t, dcoder.UsageFinal, row.State)
	require.False(t, row.Estimated)
	require.Equal(t, http.StatusOK, row.Status)
	require.Equal(t, got.Usage.PromptTokens, row.Tokens.Input)
	require.Equal(t, got.Usage.CompletionTokens, row.Tokens.Output)
	require.Equal(t, "gpt-4o-mini", row.ModelAsked)
	require.Equal(t, "gpt-4o-mini", row.ModelServed)
	require.Equal(t, "openai", row.Provider)
	require.Equal(t, price.Cost(price.Find("openai", "gpt-4o-mini"), &row.Tokens), row.Cost)
	require.Positive(t, row.Cost)
	require.Equal(t, price.Version, row.PriceVersion)
	require.Equal(t, "/v1/chat/completions", row.Route)
	require.Equal(t, llmtest.Key, row.Key)
	seen := b.Seen(1)[0]
	require.Equal(t, llmsim.Fingerprint(llmtest.Secret), seen.Credential)
}

func TestStreamThroughTheSDK(t *testing.T) {
	for _, model := range []string{"gpt-4o-mini", "llm.groq.llama-3.1-8b-instant"} {
		t.Run(model, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{})
			c := sdk(b)
			stream := c.Chat.Completions.NewStreaming(t.Context(), question(model))
			var acc openaisdk.ChatCompletionAccumulator
			for stream.Next() {
				acc.AddChunk(stream.Current())
			}
			require.NoError(t, stream.Err())
			require.NotEmpty(t, acc.Choices[0].Message.Content)
			row, seen := b.Row(), b.Seen(1)[0]
			require.Equal(t, dcoder.UsageFinal, row.State)
			require.False(t, row.Estimated)
			require.True(t, row.Stream)
			require.EqualValues(t, seen.Input, row.Tokens.Input)
			require.EqualValues(t, seen.Output, row.Tokens.Output)
		})
	}
}

func TestUnknownFieldsReachTheProviderAndAliasesAreRewritten(t *testing.T) {
	var got map[string]any
	b := serveChat(t, llmtest.Options{Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&got)
		for name := range r.Header {
			got["header "+name] = r.Header.Get(name)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Ratelimit-Remaining-Tokens", "17")
		w.Header().Set("Openai-Organization", "internal")
		_, _ = w.Write([]byte(`{"id":"1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}`))
	})})
	resp, _ := send(t, b, "/v1/chat/completions", asking("fast", false, `,"x_future":{"a":[1]}`), "X-Secret-Header", "x", "Cookie", "a=b", "X-Request-Id", "req-1")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "gpt-4o-mini", got["model"])
	require.Equal(t, map[string]any{"a": []any{1.0}}, got["x_future"])
	require.NotContains(t, got, "stream_options")
	require.Equal(t, "Bearer "+llmtest.Secret, got["header Authorization"])
	require.Equal(t, "req-1", got["header X-Request-Id"])
	require.NotContains(t, got, "header X-Secret-Header")
	require.NotContains(t, got, "header Cookie")
	require.Equal(t, "17", resp.Header.Get("X-Upstream-Ratelimit-Remaining-Tokens"))
	require.Empty(t, resp.Header.Get("Openai-Organization"))
	row := b.Row()
	require.Equal(t, "fast", row.ModelAsked)
	require.Equal(t, "gpt-4o-mini", row.ModelServed)
}

func TestModelsAreThoseOfTheKey(t *testing.T) {
	b := serveChat(t, llmtest.Options{Snapshot: func(s *dcoder.Snapshot) { s.Models = []string{"gpt-4o*", "fast"} }})
	c := sdk(b)
	page, err := c.Models.List(t.Context())
	require.NoError(t, err)
	var ids []string
	for _, m := range page.Data {
		ids = append(ids, m.ID)
	}
	require.Contains(t, ids, "fast")
	require.Contains(t, ids, "gpt-4o")
	require.Contains(t, ids, "llm.openai.gpt-4o")
	require.NotContains(t, ids, "gpt-5")
	m, err := c.Models.Get(t.Context(), "gpt-4o")
	require.NoError(t, err)
	require.Equal(t, "openai", m.OwnedBy)
	_, err = c.Models.Get(t.Context(), "gpt-5")
	_ = requireStatus(t, err, http.StatusNotFound, "model_not_found")
}

func TestLegacyCompletion(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	c := sdk(b)
	got, err := c.Completions.New(t.Context(), openaisdk.CompletionNewParams{
		Model: "gpt-3.5-turbo-instruct", Prompt: openaisdk.CompletionNewParamsPromptUnion{OfString: openaisdk.String("Once upon")},
	})
	require.NoError(t, err)
	require.NotEmpty(t, got.Choices[0].Text)
	require.Equal(t, got.Usage.CompletionTokens, b.Row().Tokens.Output)
}

// requireStatus expects the SDK's own error.
func requireStatus(t *testing.T, err error, status int, code string) *openaisdk.Error {
	t.Helper()
	var e *openaisdk.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.StatusCode, e.Error())
	require.Equal(t, code, e.Code)
	return e
}
