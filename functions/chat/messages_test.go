package chat_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	anthropicsdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	openaisdk "github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
)

func claude(b *llmtest.Bench) anthropicsdk.Client {
	return anthropicsdk.NewClient(option.WithBaseURL(b.URL), option.WithAPIKey("dck_test"), option.WithMaxRetries(0))
}

func hello(model string) anthropicsdk.MessageNewParams {
	return anthropicsdk.MessageNewParams{
		Model: model, MaxTokens: 500,
		Messages: []anthropicsdk.MessageParam{anthropicsdk.NewUserMessage(anthropicsdk.NewTextBlock("Say something about tests."))},
	}
}

var weather = anthropicsdk.ToolUnionParamOfTool(anthropicsdk.ToolInputSchemaParam{
	Properties: map[string]any{"city": map[string]any{"type": "string"}}, Required: []string{"city"},
}, "weather")

// everyDialect has models of every dialect.
var everyDialect = []string{"llm.anthropic.claude-sonnet-4-5", "llm.openai.gpt-4o-mini", "llm.groq.llama-3.1-8b-instant", "llm.google.gemini-2.5-flash"}

func TestMessagesThroughTheSDK(t *testing.T) {
	for _, model := range everyDialect {
		t.Run(model, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{})
			c := claude(b)
			got, err := c.Messages.New(t.Context(), hello(model))
			require.NoError(t, err)
			require.NotEmpty(t, got.Content[0].Text)
			require.EqualValues(t, "end_turn", got.StopReason)
			row := b.Row()
			require.Equal(t, dcoder.UsageFinal, row.State)
			require.False(t, row.Estimated)
			require.Equal(t, got.Usage.InputTokens+got.Usage.CacheReadInputTokens, row.Tokens.Input)
			require.Equal(t, got.Usage.OutputTokens, row.Tokens.Output)
			require.Positive(t, row.Cost)
			require.Equal(t, "/v1/messages", row.Route)
		})
	}
}

func TestMessageStreamsThroughTheSDK(t *testing.T) {
	for _, model := range everyDialect {
		t.Run(model, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{})
			c := claude(b)
			stream := c.Messages.NewStreaming(t.Context(), hello(model))
			var whole anthropicsdk.Message
			for stream.Next() {
				require.NoError(t, whole.Accumulate(stream.Current()))
			}
			require.NoError(t, stream.Err())
			require.NotEmpty(t, whole.Content[0].Text)
			require.EqualValues(t, "end_turn", whole.StopReason)
			row, seen := b.Row(), b.Seen(1)[0]
			require.Equal(t, dcoder.UsageFinal, row.State)
			require.False(t, row.Estimated)
			require.EqualValues(t, seen.Output, row.Tokens.Output)
			require.EqualValues(t, seen.Input, row.Tokens.Input)
		})
	}
}

// TestToolsOverTwoTurnsInMessages: a stock client's loop of tools, on every
// dialect, streamed and checked by the state machine.
func TestToolsOverTwoTurnsInMessages(t *testing.T) {
	for _, model := range everyDialect {
		t.Run(model, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{})
			c := claude(b)
			ask := hello(model)
			ask.Tools = []anthropicsdk.ToolUnionParam{weather}
			ask.ToolChoice = anthropicsdk.ToolChoiceUnionParam{OfAny: &anthropicsdk.ToolChoiceAnyParam{}}
			got, err := c.Messages.New(t.Context(), ask)
			require.NoError(t, err)
			require.EqualValues(t, "tool_use", got.StopReason)
			var results []anthropicsdk.ContentBlockParamUnion
			for _, block := range got.Content {
				if block.Type == "tool_use" {
					require.Equal(t, "weather", block.Name)
					require.True(t, json.Valid(block.Input))
					results = append(results, anthropicsdk.NewToolResultBlock(block.ID, "21 degrees", false))
				}
			}
			require.NotEmpty(t, results)
			ask.Messages = append(ask.Messages, got.ToParam(), anthropicsdk.NewUserMessage(results...))
			ask.ToolChoice = anthropicsdk.ToolChoiceUnionParam{OfAuto: &anthropicsdk.ToolChoiceAutoParam{}}
			body, err := json.Marshal(ask)
			require.NoError(t, err)
			raw := posted(t, b, "/v1/messages", strings.Replace(string(body), "{", `{"stream":true,`, 1), 200)
			messagestest.ValidStream(t, []byte(raw), messagestest.Expect{})
		})
	}
}

// posted sends a body with the headers of Anthropic's SDKs and returns the answer.
func posted(t *testing.T, b *llmtest.Bench, path, body string, status int, headers ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("X-Api-Key", "dck_test")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, status, resp.StatusCode, "%s", raw)
	return string(raw)
}

const small = `{"model":"%","max_tokens":100,"messages":[{"role":"user","content":"hi"}],"stream":true}`

// TestAMessageStreamThatBreaksOffEndsWithAnErrorEvent (rows 47 and 48).
func TestAMessageStreamThatBreaksOffEndsWithAnErrorEvent(t *testing.T) {
	for model, fault := range map[string]llmsim.Fault{
		"llm.anthropic.claude-sonnet-4-5": {Kind: llmsim.KindCut, After: 6},
		"llm.openai.gpt-4o-mini":          {Kind: llmsim.KindCut, After: 6},
	} {
		t.Run(model, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{})
			require.NoError(t, b.Sim.Inject(fault))
			raw := posted(t, b, "/v1/messages", strings.Replace(small, "%", model, 1), 200)
			m, err := messagestest.Check([]byte(raw))
			require.NoError(t, err, raw)
			require.False(t, m.Whole)
			require.Equal(t, "api_error", m.Error, raw)
		})
	}
}

func TestTokensOfMessagesAreCounted(t *testing.T) {
	for model, by := range map[string]string{"llm.anthropic.claude-sonnet-4-5": "provider", "llm.openai.gpt-4o-mini": "estimate"} {
		t.Run(model, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{})
			c := claude(b)
			var resp *http.Response
			got, err := c.Messages.CountTokens(t.Context(), anthropicsdk.MessageCountTokensParams{
				Model: model, Messages: hello(model).Messages,
			}, option.WithResponseInto(&resp))
			require.NoError(t, err)
			require.Positive(t, got.InputTokens)
			require.Equal(t, by, resp.Header.Get(dcoder.HeaderTokenCount))
			row := b.Row()
			require.Zero(t, row.Tokens)
			require.Zero(t, row.Cost)
		})
	}
}

func TestErrorsOfMessagesAreAnthropics(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	body := posted(t, b, "/v1/messages", `{"model":"nobody-has-it","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`, 404)
	require.Contains(t, body, `"type":"error"`)
	require.Contains(t, body, `"not_found_error"`)
	body = posted(t, b, "/v1/messages", `{"model":"llm.openai.gpt-4o-mini","max_tokens":1,"messages":[{"role":"user","content":7}]}`, 400)
	require.Contains(t, body, "messages.0.content")
	c := claude(b)
	_, err := c.Messages.New(t.Context(), hello("nobody-has-it"))
	var e *anthropicsdk.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.RequestID, "where Anthropic's SDKs look for it")
}

func TestOnlyKnownBetasReachAnthropic(t *testing.T) {
	var got http.Header
	b := serveChat(t, llmtest.Options{Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Request-Id", "req_1")
		_, _ = io.WriteString(w, `{"id":"m","type":"message","role":"assistant","model":"x","content":[],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}`)
	})})
	raw := strings.Replace(strings.Replace(small, `,"stream":true`, "", 1), "%", "llm.anthropic.claude-sonnet-4-5", 1)
	posted(t, b, "/v1/messages", raw, 200, "Anthropic-Beta", "context-1m-2025-08-07, files-api-2025-04-14", "X-Secret", "s")
	require.Equal(t, "context-1m-2025-08-07", got.Get("Anthropic-Beta"))
	require.Equal(t, "2023-06-01", got.Get("Anthropic-Version"))
	require.Equal(t, llmtest.Secret, got.Get("X-Api-Key"))
	require.Empty(t, got.Get("X-Secret"))
	require.Empty(t, got.Get("Authorization"))
}

// TestOpenAIClientsUseClaude: tools over two turns and a stream, through the
// chat shape.
func TestOpenAIClientsUseClaude(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	c := sdk(b)
	ask := question("llm.anthropic.claude-sonnet-4-5")
	ask.Tools = []openaisdk.ChatCompletionToolUnionParam{openaisdk.ChatCompletionFunctionTool(openaisdk.FunctionDefinitionParam{
		Name: "weather", Parameters: openaisdk.FunctionParameters{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}},
	})}
	ask.ToolChoice = openaisdk.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openaisdk.String("required")}
	got, err := c.Chat.Completions.New(t.Context(), ask)
	require.NoError(t, err)
	require.Equal(t, "tool_calls", got.Choices[0].FinishReason)
	calls := got.Choices[0].Message.ToolCalls
	require.NotEmpty(t, calls)
	ask.Messages = append(ask.Messages, got.Choices[0].Message.ToParam())
	for _, call := range calls {
		ask.Messages = append(ask.Messages, openaisdk.ToolMessage("21 degrees", call.ID))
	}
	ask.ToolChoice = openaisdk.ChatCompletionToolChoiceOptionUnionParam{}
	stream := c.Chat.Completions.NewStreaming(t.Context(), ask)
	var acc openaisdk.ChatCompletionAccumulator
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	require.NoError(t, stream.Err())
	require.NotEmpty(t, acc.Choices)
	for _, row := range b.Rows(2) {
		require.Equal(t, dcoder.UsageFinal, row.State)
		require.Equal(t, "anthropic", row.Provider)
		require.False(t, row.Estimated)
	}
}
