package vendortest

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

func openaiClient(base string) openai.Client {
	return openai.NewClient(option.WithBaseURL(base), option.WithAPIKey("test-key"), option.WithMaxRetries(0))
}

var weatherTool = openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
	Name: "get_weather",
	Parameters: shared.FunctionParameters{
		"type": "object", "properties": map[string]any{"location": map[string]any{"type": "string"}}, "required": []string{"location"},
	},
})

var timeTool = openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
	Name:       "get_time",
	Parameters: shared.FunctionParameters{"type": "object", "properties": map[string]any{"zone": map[string]any{"enum": []string{"UTC", "CET"}}}},
})

func user(model, text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

// TestOpenAISDK drives OpenAI's and Groq's routes with OpenAI's own client.
func TestOpenAISDK(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	for name, c := range map[string]struct {
		base, model string
	}{
		"openai": {url + "/v1", "gpt-4o-mini"},
		"groq":   {url + "/openai/v1", "llama-3.3-70b-versatile"},
	} {
		client := openaiClient(c.base)
		t.Run(name+"/chat", func(t *testing.T) { testChat(t, client, c.model) })
		t.Run(name+"/stream", func(t *testing.T) { testChatStream(t, client, c.model) })
		t.Run(name+"/tools", func(t *testing.T) { testChatTools(t, client, c.model) })
		t.Run(name+"/models", func(t *testing.T) {
			page, err := client.Models.List(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, page.Data)
			one, err := client.Models.Get(t.Context(), c.model)
			require.NoError(t, err)
			require.Equal(t, c.model, one.ID)
		})
	}
}

func testChat(t *testing.T, client openai.Client, model string) {
	p := user(model, "How long is the refund window?")
	p.Messages = append([]openai.ChatCompletionMessageParamUnion{openai.SystemMessage("Shipping takes 5 days. The refund window is 30 days. We sell tea.")}, p.Messages...)
	res, err := client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	text := res.Choices[0].Message.Content
	require.Equal(t, "The refund window is 30 days.", text)
	require.Equal(t, "stop", res.Choices[0].FinishReason)
	require.EqualValues(t, llmsim.CountTokens(text), res.Usage.CompletionTokens)
	require.Equal(t, res.Usage.TotalTokens, res.Usage.PromptTokens+res.Usage.CompletionTokens)
}

func testChatStream(t *testing.T, client openai.Client, model string) {
	p := user(model, "hello there")
	p.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	p.MaxTokens = openai.Int(4)
	stream := client.Chat.Completions.NewStreaming(t.Context(), p)
	var acc openai.ChatCompletionAccumulator
	var tokens int64 // of the last usage: Groq tells it twice, and the accumulator adds
	for stream.Next() {
		require.True(t, acc.AddChunk(stream.Current()))
		tokens = stream.Current().Usage.CompletionTokens
	}
	require.NoError(t, stream.Err())
	require.Equal(t, "Hello! How can", acc.Choices[0].Message.Content)
	require.Equal(t, "length", acc.Choices[0].FinishReason)
	require.EqualValues(t, 4, tokens)
}

// testChatTools calls two tools at once, streamed, and tells their results.
func testChatTools(t *testing.T, client openai.Client, model string) {
	p := user(model, "What are the weather in Florence, Italy and the time in CET?")
	p.Tools = []openai.ChatCompletionToolUnionParam{weatherTool, timeTool}
	stream := client.Chat.Completions.NewStreaming(t.Context(), p)
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		require.True(t, acc.AddChunk(stream.Current()))
	}
	require.NoError(t, stream.Err())
	calls := acc.Choices[0].Message.ToolCalls
	require.Equal(t, "tool_calls", acc.Choices[0].FinishReason)
	require.Len(t, calls, 2)
	require.JSONEq(t, `{"location": "Florence, Italy"}`, calls[0].Function.Arguments)
	require.JSONEq(t, `{"zone": "CET"}`, calls[1].Function.Arguments)
	require.NotEqual(t, calls[0].ID, calls[1].ID)

	p.Messages = append(p.Messages, acc.Choices[0].Message.ToParam(),
		openai.ToolMessage("sunny", calls[0].ID), openai.ToolMessage("noon", calls[1].ID))
	res, err := client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "The tools answered: sunny; noon", res.Choices[0].Message.Content)
}

func TestOpenAISDKStructuredOutput(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := openaiClient(url + "/v1")
	p := user("gpt-4o", "Alice from Rome is 30 years old")
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "person", Schema: json.RawMessage(`{"type":"object","properties":{"name":{"type":"string","minLength":3},"age":{"type":"integer","minimum":18}},"required":["name","age"]}`),
	}}
	res, err := client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	var person struct {
		Name string
		Age  int
	}
	require.NoError(t, json.Unmarshal([]byte(res.Choices[0].Message.Content), &person))
	require.Equal(t, 30, person.Age)
	require.GreaterOrEqual(t, len(person.Name), 3)
}

func TestOpenAISDKEmbeddings(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := openaiClient(url + "/v1")
	ask := func(format openai.EmbeddingNewParamsEncodingFormat, texts ...string) *openai.CreateEmbeddingResponse {
		res, err := client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
			Model: "text-embedding-3-small", Dimensions: openai.Int(256), EncodingFormat: format,
			Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
		})
		require.NoError(t, err)
		return res
	}
	res := ask("float", "a refund of the payment", "payments and refunds", "the height of mountains")
	require.Len(t, res.Data, 3)
	require.Len(t, res.Data[0].Embedding, 256)
	require.Positive(t, res.Usage.PromptTokens)
	require.Greater(t, cosine(res.Data[0].Embedding, res.Data[1].Embedding), 0.2+cosine(res.Data[0].Embedding, res.Data[2].Embedding))
	require.InDelta(t, 1, cosine(res.Data[0].Embedding, res.Data[0].Embedding), 1e-5, "unit length")
}

func cosine(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func TestOpenAISDKResponses(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := openaiClient(url + "/v1")
	p := responses.ResponseNewParams{Model: "gpt-5", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hello")}}
	res, err := client.Responses.New(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "Hello! How can I help you?", res.OutputText())

	stream := client.Responses.NewStreaming(t.Context(), p)
	text, completed := "", false
	for stream.Next() {
		e := stream.Current()
		if e.Type == "response.output_text.delta" {
			text += e.Delta
		}
		completed = completed || e.Type == "response.completed" && e.Response.Usage.OutputTokens == int64(llmsim.CountTokens(text))
	}
	require.NoError(t, stream.Err())
	require.Equal(t, res.OutputText(), text)
	require.True(t, completed)
}

// TestOpenAISDKErrors meets every class of error as the client's own type.
func TestOpenAISDKErrors(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	client := openaiClient(url + "/v1")
	for _, status := range []int{400, 401, 403, 404, 413, 429, 500, 503, 529} {
		s.Reset()
		require.NoError(t, s.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: status, RetryAfter: llmsim.Duration(1500 * time.Millisecond)}))
		_, err := client.Chat.Completions.New(t.Context(), user("gpt-4o", "hi"))
		var e *openai.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, status, e.StatusCode)
		require.NotEmpty(t, e.Message)
		require.NotEmpty(t, e.Type)
		require.Equal(t, "2", e.Response.Header.Get("Retry-After"))
	}
}

func TestOpenAISDKBadInput(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	s.RefuseKeys("bad-key")
	for name, c := range map[string]struct {
		key    string
		params openai.ChatCompletionNewParams
		status int
		param  string
	}{
		"unknown model":   {"k", user("gpt-9-unknown", "hi"), http.StatusNotFound, ""},
		"no messages":     {"k", openai.ChatCompletionNewParams{Model: "gpt-4o"}, http.StatusBadRequest, "messages"},
		"refused key":     {"bad-key", user("gpt-4o", "hi"), http.StatusUnauthorized, ""},
		"negative tokens": {"k", openai.ChatCompletionNewParams{Model: "gpt-4o", MaxTokens: openai.Int(-1), Messages: user("", "hi").Messages}, http.StatusBadRequest, "max_tokens"},
	} {
		client := openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey(c.key), option.WithMaxRetries(0))
		_, err := client.Chat.Completions.New(t.Context(), c.params)
		var e *openai.Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, c.status, e.StatusCode, name)
		require.Equal(t, c.param, e.Param, name)
	}
}

// TestOpenAISDKErrorInsideAStream sees an error frame after two events.
func TestOpenAISDKErrorInsideAStream(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := openaiClient(url + "/v1")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	stream := client.Chat.Completions.NewStreaming(ctx, user("sim-error-2", "hello"))
	n := 0
	for stream.Next() {
		n++
	}
	require.Equal(t, 2, n)
	require.ErrorContains(t, stream.Err(), "overloaded")
}
