package stories

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
	"github.com/stretchr/testify/require"
)

// Both tools are called by the question: their names are words of it.
const toolQuestion = "What is the weather and what is the time in Oslo?"

var (
	toolResults = map[string]string{"get_weather": "rain at 7 degrees", "get_time": "a quarter past nine"}
	toolNames   = slices.Sorted(maps.Keys(toolResults))
	citySchema  = map[string]any{
		"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}},
		"required": []string{"city"}, "additionalProperties": false,
	}
	personSchema = map[string]any{
		"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}, "age": map[string]any{"type": "integer"}},
		"required": []string{"name", "age"}, "additionalProperties": false,
	}
	pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)

var openAIFeatures = features{
	{"models", openAIModels},
	{"chat", openAIChat},
	{"chat, streamed", openAIStream},
	{"chat: tools, two at once, two turns", openAITools},
	{"chat: tools, streamed", openAIToolStream},
	{"chat: structured output", openAIStructured},
	{"chat: picture as a data URI", openAIPicture},
	{"embeddings, floats and base64", openAIEmbeddings},
	{"responses", openAIResponses},
	{"responses, streamed", openAIResponseStream},
	{"responses, continued by previous_response_id", openAIContinued},
	{"responses: tools, two at once, two turns", openAIResponseTools},
	{"responses: structured output", openAIResponseStructured},
	{"errors are the client's own", openAIErrors},
	{"an error inside a stream", openAIStreamErrors},
}

func openAIModels(t require.TestingT, ctx context.Context, c *caller, to target) {
	page, err := c.sdk().Models.List(ctx)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(page.Data, func(m openai.Model) bool { return m.ID == to.Chat }), "no "+to.Chat)
	one, err := c.sdk().Models.Get(ctx, to.Chat)
	require.NoError(t, err)
	require.Equal(t, to.Chat, one.ID)
}

func asking(model, text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

func openAIChat(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := asking(to.Chat, "Say hello.")
	ask.Temperature, ask.MaxTokens = openai.Float(0.5), openai.Int(200)
	answer, err := c.sdk().Chat.Completions.New(ctx, ask)
	require.NoError(t, err)
	require.NotEmpty(t, answer.Choices[0].Message.Content)
	require.Equal(t, "stop", answer.Choices[0].FinishReason)
	require.Positive(t, answer.Usage.PromptTokens)
	require.Positive(t, answer.Usage.CompletionTokens)
}

// accumulated reads a stream to its end.
func accumulated(t require.TestingT, ctx context.Context, c *caller, ask openai.ChatCompletionNewParams) *openai.ChatCompletion {
	ask.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := c.sdk().Chat.Completions.NewStreaming(ctx, ask)
	sum := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		require.True(t, sum.AddChunk(stream.Current()))
	}
	require.NoError(t, stream.Err())
	require.NotEmpty(t, sum.Choices)
	require.Positive(t, sum.Usage.TotalTokens)
	return &sum.ChatCompletion
}

func openAIStream(t require.TestingT, ctx context.Context, c *caller, to target) {
	sum := accumulated(t, ctx, c, asking(to.Chat, "Say hello."))
	require.NotEmpty(t, sum.Choices[0].Message.Content)
	require.Equal(t, "stop", sum.Choices[0].FinishReason)
}

func withTools(model string) openai.ChatCompletionNewParams {
	ask := asking(model, toolQuestion)
	for _, name := range toolNames {
		ask.Tools = append(ask.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: name, Description: openai.String("Tells it of a city"), Parameters: citySchema,
		}))
	}
	return ask
}

func openAITools(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := withTools(to.Chat)
	first, err := c.sdk().Chat.Completions.New(ctx, ask)
	require.NoError(t, err)
	openAISecondTurn(t, ctx, c, ask, first)
}

func openAIToolStream(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := withTools(to.Chat)
	openAISecondTurn(t, ctx, c, ask, accumulated(t, ctx, c, ask))
}

func openAISecondTurn(t require.TestingT, ctx context.Context, c *caller, ask openai.ChatCompletionNewParams, first *openai.ChatCompletion) {
	require.Equal(t, "tool_calls", first.Choices[0].FinishReason)
	message := first.Choices[0].Message
	ask.Messages = append(ask.Messages, message.ToParam())
	var names []string
	for _, call := range message.ToolCalls {
		requireCity(t, call.Function.Arguments)
		names = append(names, call.Function.Name)
		ask.Messages = append(ask.Messages, openai.ToolMessage(toolResults[call.Function.Name], call.ID))
	}
	require.ElementsMatch(t, toolNames, names)
	second, err := c.sdk().Chat.Completions.New(ctx, ask)
	require.NoError(t, err)
	requireTold(t, second.Choices[0].Message.Content)
}

func requireCity(t require.TestingT, arguments string) {
	var in struct{ City *string }
	require.NoError(t, json.Unmarshal([]byte(arguments), &in))
	require.NotNil(t, in.City)
}

func requireTold(t require.TestingT, text string) {
	for _, result := range toolResults {
		require.Contains(t, text, result)
	}
}

func requirePerson(t require.TestingT, text string) {
	var person struct {
		Name *string
		Age  *int
	}
	require.NoError(t, json.Unmarshal([]byte(text), &person), text)
	require.NotNil(t, person.Name)
	require.NotNil(t, person.Age)
}

func openAIStructured(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := asking(to.Chat, "Ada is 36 years old.")
	ask.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "person", Schema: personSchema, Strict: openai.Bool(true),
	}}
	answer, err := c.sdk().Chat.Completions.New(ctx, ask)
	require.NoError(t, err)
	requirePerson(t, answer.Choices[0].Message.Content)
}

func openAIPicture(t require.TestingT, ctx context.Context, c *caller, to target) {
	answer, err := c.sdk().Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model: to.Chat, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart("What is in the picture?"),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64," + pixel}),
		})},
	})
	require.NoError(t, err)
	require.NotEmpty(t, answer.Choices[0].Message.Content)
}

func openAIEmbeddings(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := openai.EmbeddingNewParams{
		Model: to.Embed, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a red apple", "a green apple"}},
	}
	floats, err := c.sdk().Embeddings.New(ctx, ask)
	requireAnswered(t, err)
	require.Len(t, floats.Data, 2)
	require.Positive(t, floats.Usage.PromptTokens)
	var packed struct{ Data []struct{ Embedding string } }
	ask.EncodingFormat = openai.EmbeddingNewParamsEncodingFormatBase64
	_, err = c.sdk().Embeddings.New(ctx, ask, option.WithResponseBodyInto(&packed))
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(packed.Data[1].Embedding)
	require.NoError(t, err)
	require.Len(t, raw, 4*len(floats.Data[1].Embedding))
	first := math.Float32frombits(binary.LittleEndian.Uint32(raw))
	require.InDelta(t, floats.Data[1].Embedding[0], first, 1e-6)
}

func input(text string) responses.ResponseNewParamsInputUnion {
	return responses.ResponseNewParamsInputUnion{OfString: openai.String(text)}
}

func openAIResponses(t require.TestingT, ctx context.Context, c *caller, to target) {
	answer, err := c.sdk().Responses.New(ctx, responses.ResponseNewParams{Model: to.Chat, Input: input("Say hello."), Store: openai.Bool(false)})
	require.NoError(t, err)
	require.Equal(t, responses.ResponseStatusCompleted, answer.Status)
	require.NotEmpty(t, answer.OutputText())
	require.Positive(t, answer.Usage.OutputTokens)
}

func openAIResponseStream(t require.TestingT, ctx context.Context, c *caller, to target) {
	stream := c.sdk().Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: to.Chat, Input: input("Say hello."), Store: openai.Bool(false)})
	text, last := "", responses.Response{}
	for stream.Next() {
		switch e := stream.Current().AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			text += e.Delta
		case responses.ResponseCompletedEvent:
			last = e.Response
		}
	}
	require.NoError(t, stream.Err())
	require.NotEmpty(t, text)
	require.Equal(t, text, last.OutputText())
}

func openAIContinued(t require.TestingT, ctx context.Context, c *caller, to target) {
	client := c.sdk()
	first, err := client.Responses.New(ctx, responses.ResponseNewParams{Model: to.Chat, Input: input("The harbour gate opens at nine.")})
	require.NoError(t, err)
	second, err := client.Responses.New(ctx, responses.ResponseNewParams{
		Model: to.Chat, Input: input("When does the harbour gate open?"), PreviousResponseID: openai.String(first.ID),
	})
	require.NoError(t, err)
	require.Equal(t, first.ID, second.PreviousResponseID)
	require.Greater(t, second.Usage.InputTokens, first.Usage.InputTokens)
	kept, err := client.Responses.Get(ctx, second.ID, responses.ResponseGetParams{})
	require.NoError(t, err)
	require.Equal(t, second.OutputText(), kept.OutputText())
	require.NoError(t, client.Responses.Delete(ctx, second.ID))
}

func openAIResponseTools(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := responses.ResponseNewParams{Model: to.Chat, Input: input(toolQuestion)}
	for _, name := range toolNames {
		ask.Tools = append(ask.Tools, responses.ToolParamOfFunction(name, citySchema, true))
	}
	first, err := c.sdk().Responses.New(ctx, ask)
	require.NoError(t, err)
	var names []string
	var results responses.ResponseInputParam
	for _, item := range first.Output {
		if call, ok := item.AsAny().(responses.ResponseFunctionToolCall); ok {
			requireCity(t, call.Arguments)
			names = append(names, call.Name)
			result := responses.ResponseInputItemParamOfFunctionCallOutput(toolResults[call.Name])
			result.OfFunctionCallOutput.CallID = param.NewOpt(call.CallID)
			results = append(results, result)
		}
	}
	require.ElementsMatch(t, toolNames, names)
	ask.PreviousResponseID = param.NewOpt(first.ID)
	ask.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: results}
	second, err := c.sdk().Responses.New(ctx, ask)
	require.NoError(t, err)
	requireTold(t, second.OutputText())
}

func openAIResponseStructured(t require.TestingT, ctx context.Context, c *caller, to target) {
	answer, err := c.sdk().Responses.New(ctx, responses.ResponseNewParams{
		Model: to.Chat, Input: input("Ada is 36 years old."),
		Text: responses.ResponseTextConfigParam{Format: responses.ResponseFormatTextConfigParamOfJSONSchema("person", personSchema)},
	})
	require.NoError(t, err)
	requirePerson(t, answer.OutputText())
}

// requireAnswered tells what a refusal says, which the SDK's error does not.
func requireAnswered(t require.TestingT, err error) {
	var e *openai.Error
	if errors.As(err, &e) {
		require.FailNow(t, fmt.Sprintf("refused: %d %s %s", e.StatusCode, e.Param, e.Message))
	}
	require.NoError(t, err)
}

func requireOpenAIError(t require.TestingT, err error, status int) *openai.Error {
	var e *openai.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.StatusCode, e.Message)
	require.NotEmpty(t, e.Message)
	return e
}

func openAIErrors(t require.TestingT, ctx context.Context, c *caller, to target) {
	client := c.sdk()
	ask := asking(to.Chat, "Hello.")
	_, err := client.Chat.Completions.New(ctx, ask, option.WithAPIKey("dck_nobody"))
	_ = requireOpenAIError(t, err, 401)
	_, err = client.Chat.Completions.New(ctx, asking("no-such-model", "Hello."))
	require.Equal(t, "model_not_found", requireOpenAIError(t, err, 404).Code)
	ask.MaxTokens = openai.Int(-1)
	_, err = client.Chat.Completions.New(ctx, ask)
	require.Equal(t, "max_tokens", requireOpenAIError(t, err, 400).Param)
	_, err = client.Chat.Completions.New(ctx, asking(to.Busy, "Hello."))
	require.NotEmpty(t, requireOpenAIError(t, err, 429).Response.Header.Get("Retry-After"))
	stream := client.Chat.Completions.NewStreaming(ctx, asking(to.Busy, "Hello."))
	require.False(t, stream.Next())
	_ = requireOpenAIError(t, stream.Err(), 429)
	_, err = client.Responses.New(ctx, responses.ResponseNewParams{Model: to.Busy, Input: input("Hello.")})
	_ = requireOpenAIError(t, err, 429)
}

func openAIStreamErrors(t require.TestingT, ctx context.Context, c *caller, to target) {
	chat, chunks := c.sdk().Chat.Completions.NewStreaming(ctx, asking(to.Breaks, "Hello.")), 0
	for chat.Next() {
		chunks++
	}
	require.Positive(t, chunks)
	require.Error(t, chat.Err())
	response := c.sdk().Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: to.Breaks, Input: input("Hello.")})
	failed := false
	for response.Next() {
		switch response.Current().AsAny().(type) {
		case responses.ResponseFailedEvent, responses.ResponseErrorEvent:
			failed = true
		}
	}
	require.True(t, failed || response.Err() != nil, "the stream ended as if it were whole")
}
