package chat_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	openaisdk "github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

// everyProvider is a model of each dialect that the simulator speaks.
var everyProvider = []string{
	"llm.openai.gpt-4o-mini", "llm.groq.llama-3.1-8b-instant", "llm.anthropic.claude-sonnet-4-5", "llm.google.gemini-2.5-flash",
}

// postChat sends a chat completion as bytes and returns what came.
func postChat(t *testing.T, b *llmtest.Bench, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/v1/chat/completions", strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer dck_test")
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(raw)
}

func TestEveryProviderStreamsAValidChatCompletion(t *testing.T) {
	for _, model := range everyProvider {
		for _, asked := range []bool{true, false} {
			b := serveChat(t, llmtest.Options{})
			options := `false`
			if asked {
				options = `true`
			}
			status, raw := postChat(t, b, `{"model":"`+model+`","stream":true,"stream_options":{"include_usage":`+options+`},"messages":[{"role":"user","content":"hello"}]}`)
			require.Equal(t, http.StatusOK, status, raw)
			native := strings.Contains(model, "openai") || strings.Contains(model, "groq")
			s := chattest.ValidStream(t, []byte(raw), chattest.Expect{Usage: asked, Native: native})
			require.NotEmpty(t, s.Answers[0].Content, model)
			row := b.Row()
			require.False(t, row.Estimated)
			if asked {
				require.Equal(t, row.Tokens.Input, s.Usage.Prompt)
				require.Equal(t, row.Tokens.Output, s.Usage.Completion)
			}
		}
	}
}

// TestToolsOverSeveralTurns lets the SDK, which echoes nothing but what it knows,
// call a tool and go on.
func TestToolsOverSeveralTurns(t *testing.T) {
	for _, model := range everyProvider {
		t.Run(model, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{})
			client := sdk(b)
			params := openaisdk.ChatCompletionNewParams{
				Model:    model,
				Messages: []openaisdk.ChatCompletionMessageParamUnion{openaisdk.UserMessage("What is the weather in Paris?")},
				Tools: []openaisdk.ChatCompletionToolUnionParam{openaisdk.ChatCompletionFunctionTool(openaisdk.FunctionDefinitionParam{
					Name: "weather", Parameters: openaisdk.FunctionParameters{
						"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"},
					},
				})},
				ToolChoice: openaisdk.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openaisdk.String("required")},
			}
			got, err := client.Chat.Completions.New(t.Context(), params)
			require.NoError(t, err)
			require.Equal(t, "tool_calls", got.Choices[0].FinishReason)
			m := got.Choices[0].Message
			require.NotEmpty(t, m.ToolCalls)
			params.Messages = append(params.Messages, m.ToParam())
			for _, c := range m.ToolCalls {
				require.True(t, callid.Clean(c.ID))
				params.Messages = append(params.Messages, openaisdk.ToolMessage("sunny", c.ID))
			}
			params.ToolChoice = openaisdk.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openaisdk.String("auto")}
			_, err = client.Chat.Completions.New(t.Context(), params)
			require.NoError(t, err)
		})
	}
}

func TestAnErrorInsideATranslatedStream(t *testing.T) {
	for _, kind := range []llmsim.Kind{llmsim.KindCut, llmsim.KindErrorEvent} {
		for _, model := range everyProvider[2:] {
			b := serveChat(t, llmtest.Options{})
			require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: kind, Status: 503, After: 8, Tokens: 60}))
			status, raw := postChat(t, b, `{"model":"`+model+`","stream":true,"messages":[{"role":"user","content":"tell me a long story"}]}`)
			require.Equal(t, http.StatusOK, status, raw)
			s := chattest.ValidStream(t, []byte(raw), chattest.Expect{Error: true})
			require.NotEmpty(t, s.Answers[0].Content)
		}
	}
}
