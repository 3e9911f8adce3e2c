package stories

import (
	"context"
	"slices"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/stretchr/testify/require"
)

var anthropicFeatures = features{
	{"models", claudeModels},
	{"messages", claudeMessages},
	{"messages, streamed", claudeStream},
	{"messages: tools, two at once, two turns", claudeTools},
	{"messages: tools, streamed", claudeToolStream},
	{"messages: structured output", claudeStructured},
	{"messages: picture", claudePicture},
	{"messages: thinking, given back with tools", claudeThinking},
	{"messages: tokens counted", claudeCount},
	{"errors are the client's own", claudeErrors},
	{"an error inside a stream", claudeStreamError},
}

func (c *caller) claude() *anthropic.Client {
	client := anthropic.NewClient(option.WithBaseURL(c.base), option.WithAPIKey(c.key), option.WithMaxRetries(0))
	return &client
}

func claudeModels(t require.TestingT, ctx context.Context, c *caller, to target) {
	page, err := c.claude().Models.List(ctx, anthropic.ModelListParams{})
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(page.Data, func(m anthropic.ModelInfo) bool { return m.ID == to.Chat }), "no "+to.Chat)
	one, err := c.claude().Models.Get(ctx, to.Chat, anthropic.ModelGetParams{})
	require.NoError(t, err)
	require.Equal(t, to.Chat, one.ID)
}

func claudeAsking(model, text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: model, MaxTokens: 2048,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	}
}

func claudeText(m *anthropic.Message) (text string) {
	for i := range m.Content {
		if m.Content[i].Type == "text" {
			text += m.Content[i].Text
		}
	}
	return text
}

func claudeMessages(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := claudeAsking(to.Chat, "Say hello.")
	ask.System = []anthropic.TextBlockParam{{Text: "You are polite."}}
	ask.Temperature = anthropic.Float(0.5)
	answer, err := c.claude().Messages.New(ctx, ask)
	require.NoError(t, err)
	require.NotEmpty(t, claudeText(answer))
	require.Equal(t, anthropic.StopReasonEndTurn, answer.StopReason)
	require.Positive(t, answer.Usage.InputTokens)
	require.Positive(t, answer.Usage.OutputTokens)
}

func claudeAccumulated(t require.TestingT, ctx context.Context, c *caller, ask anthropic.MessageNewParams) *anthropic.Message {
	stream := c.claude().Messages.NewStreaming(ctx, ask)
	sum := anthropic.Message{}
	for stream.Next() {
		require.NoError(t, sum.Accumulate(stream.Current()))
	}
	require.NoError(t, stream.Err())
	require.Positive(t, sum.Usage.OutputTokens)
	return &sum
}

func claudeStream(t require.TestingT, ctx context.Context, c *caller, to target) {
	sum := claudeAccumulated(t, ctx, c, claudeAsking(to.Chat, "Say hello."))
	require.NotEmpty(t, claudeText(sum))
	require.Equal(t, anthropic.StopReasonEndTurn, sum.StopReason)
}

func claudeWithTools(model string) anthropic.MessageNewParams {
	ask := claudeAsking(model, toolQuestion)
	for _, name := range toolNames {
		ask.Tools = append(ask.Tools, anthropic.ToolUnionParam{OfTool: &anthropic.ToolParam{
			Name: name, Description: anthropic.String("Tells it of a city"),
			InputSchema: anthropic.ToolInputSchemaParam{Properties: citySchema["properties"], Required: []string{"city"}},
		}})
	}
	return ask
}

func claudeTools(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := claudeWithTools(to.Chat)
	first, err := c.claude().Messages.New(ctx, ask)
	require.NoError(t, err)
	claudeSecondTurn(t, ctx, c, ask, first)
}

func claudeToolStream(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := claudeWithTools(to.Chat)
	claudeSecondTurn(t, ctx, c, ask, claudeAccumulated(t, ctx, c, ask))
}

func claudeThinking(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := claudeWithTools(to.Think)
	ask.Thinking = anthropic.ThinkingConfigParamOfEnabled(1024)
	claudeSecondTurn(t, ctx, c, ask, claudeAccumulated(t, ctx, c, ask))
}

func claudeSecondTurn(t require.TestingT, ctx context.Context, c *caller, ask anthropic.MessageNewParams, first *anthropic.Message) {
	require.Equal(t, anthropic.StopReasonToolUse, first.StopReason)
	var names []string
	var results []anthropic.ContentBlockParamUnion
	for i := range first.Content {
		if call, ok := first.Content[i].AsAny().(anthropic.ToolUseBlock); ok {
			requireCity(t, string(call.Input))
			names = append(names, call.Name)
			results = append(results, anthropic.NewToolResultBlock(call.ID, toolResults[call.Name], false))
		}
	}
	require.ElementsMatch(t, toolNames, names)
	ask.Messages = append(ask.Messages, first.ToParam(), anthropic.NewUserMessage(results...))
	second, err := c.claude().Messages.New(ctx, ask)
	require.NoError(t, err)
	requireTold(t, claudeText(second))
}

func claudeStructured(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := claudeAsking(to.Chat, "Ada is 36 years old.")
	ask.OutputConfig = anthropic.OutputConfigParam{Format: anthropic.JSONOutputFormatParam{Schema: personSchema}}
	answer, err := c.claude().Messages.New(ctx, ask)
	require.NoError(t, err)
	requirePerson(t, claudeText(answer))
}

func claudePicture(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := claudeAsking(to.Chat, "What is in the picture?")
	ask.Messages[0].Content = append(ask.Messages[0].Content, anthropic.NewImageBlockBase64("image/png", pixel))
	answer, err := c.claude().Messages.New(ctx, ask)
	require.NoError(t, err)
	require.NotEmpty(t, claudeText(answer))
}

func claudeCount(t require.TestingT, ctx context.Context, c *caller, to target) {
	ask := claudeAsking(to.Chat, "How long is this?")
	count, err := c.claude().Messages.CountTokens(ctx, anthropic.MessageCountTokensParams{Model: ask.Model, Messages: ask.Messages})
	require.NoError(t, err)
	require.Positive(t, count.InputTokens)
}

func requireClaudeError(t require.TestingT, err error, status int) *anthropic.Error {
	var e *anthropic.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.StatusCode, e.RawJSON())
	require.NotEmpty(t, e.RequestID)
	return e
}

func claudeErrors(t require.TestingT, ctx context.Context, c *caller, to target) {
	client := c.claude()
	_, err := client.Messages.New(ctx, claudeAsking(to.Chat, "Hello."), option.WithAPIKey("dck_nobody"))
	require.Equal(t, anthropic.ErrorTypeAuthenticationError, requireClaudeError(t, err, 401).Type())
	_, err = client.Messages.New(ctx, claudeAsking("no-such-model", "Hello."))
	require.Equal(t, anthropic.ErrorTypeNotFoundError, requireClaudeError(t, err, 404).Type())
	ask := claudeAsking(to.Chat, "Hello.")
	ask.MaxTokens = -1
	_, err = client.Messages.New(ctx, ask)
	require.Equal(t, anthropic.ErrorTypeInvalidRequestError, requireClaudeError(t, err, 400).Type())
	_, err = client.Messages.New(ctx, claudeAsking(to.Busy, "Hello."))
	require.NotEmpty(t, requireClaudeError(t, err, 429).Response.Header.Get("Retry-After"))
	stream := client.Messages.NewStreaming(ctx, claudeAsking(to.Busy, "Hello."))
	require.False(t, stream.Next())
	require.Equal(t, anthropic.ErrorTypeRateLimitError, requireClaudeError(t, stream.Err(), 429).Type())
}

func claudeStreamError(t require.TestingT, ctx context.Context, c *caller, to target) {
	stream, events := c.claude().Messages.NewStreaming(ctx, claudeAsking(to.Breaks, "Hello.")), 0
	for stream.Next() {
		events++
	}
	require.Positive(t, events)
	require.Error(t, stream.Err())
}
