package vendortest

import (
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

func claudeClient(url string) anthropic.Client {
	return anthropic.NewClient(option.WithBaseURL(url), option.WithAPIKey("test-key"), option.WithMaxRetries(0))
}

func claudeAsk(text string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: "claude-sonnet-4", MaxTokens: 2048,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))},
	}
}

// claudeStream accumulates a streamed message.
func claudeStream(t *testing.T, client anthropic.Client, p anthropic.MessageNewParams) anthropic.Message {
	stream := client.Messages.NewStreaming(t.Context(), p)
	var m anthropic.Message
	for stream.Next() {
		require.NoError(t, m.Accumulate(stream.Current()))
	}
	require.NoError(t, stream.Err())
	return m
}

func TestAnthropicSDK(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := claudeClient(url)
	p := claudeAsk("How long is the refund window?")
	p.System = []anthropic.TextBlockParam{{Text: "Shipping takes 5 days. The refund window is 30 days."}}
	want := "The refund window is 30 days."
	res, err := client.Messages.New(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, want, res.Content[0].Text)
	require.Equal(t, anthropic.StopReasonEndTurn, res.StopReason)

	streamed := claudeStream(t, client, p)
	require.Equal(t, want, streamed.Content[0].Text)
	require.Equal(t, res.Usage.OutputTokens, streamed.Usage.OutputTokens)

	count, err := client.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: p.Model, Messages: p.Messages, System: anthropic.MessageCountTokensParamsSystemUnion{OfTextBlockArray: p.System}})
	require.NoError(t, err)
	require.Equal(t, res.Usage.InputTokens, count.InputTokens)

	page, err := client.Models.List(t.Context(), anthropic.ModelListParams{})
	require.NoError(t, err)
	require.NotEmpty(t, page.Data)
	require.Contains(t, page.Data[0].ID, "claude")
}

func TestAnthropicSDKToolsAndThinking(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := claudeClient(url)
	p := claudeAsk("Add and multiply the numbers 2 and 3")
	schema := anthropic.ToolInputSchemaParam{Properties: map[string]any{"a": map[string]any{"type": "integer"}, "b": map[string]any{"type": "integer"}}}
	p.Tools = []anthropic.ToolUnionParam{
		{OfTool: &anthropic.ToolParam{Name: "add", InputSchema: schema}}, {OfTool: &anthropic.ToolParam{Name: "multiply", InputSchema: schema}},
	}
	p.Thinking = anthropic.ThinkingConfigParamOfEnabled(1024)
	m := claudeStream(t, client, p)
	require.Equal(t, anthropic.StopReasonToolUse, m.StopReason)
	require.Len(t, m.Content, 3)
	require.Equal(t, "thinking", m.Content[0].Type)
	require.NotEmpty(t, m.Content[0].Signature)
	require.JSONEq(t, `{"a":2,"b":3}`, string(m.Content[1].Input))
	require.Equal(t, "multiply", m.Content[2].Name)

	p.Messages = append(p.Messages, m.ToParam(), anthropic.NewUserMessage(
		anthropic.NewToolResultBlock(m.Content[1].ID, "5", false), anthropic.NewToolResultBlock(m.Content[2].ID, "6", false)))
	p.Thinking = anthropic.ThinkingConfigParamUnion{}
	res, err := client.Messages.New(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "The tools answered: 5; 6", res.Content[0].Text)
}

func TestAnthropicSDKStops(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	client := claudeClient(url)
	p := claudeAsk("hello")
	p.StopSequences = []string{" can"}
	m := claudeStream(t, client, p)
	require.Equal(t, "Hello! How", m.Content[0].Text)
	require.Equal(t, anthropic.StopReasonStopSequence, m.StopReason)
	require.Equal(t, " can", m.StopSequence)
}

func TestAnthropicSDKErrors(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	client := claudeClient(url)
	for status, kind := range map[int]string{
		400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
		413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error",
	} {
		s.Reset()
		require.NoError(t, s.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: status}))
		_, err := client.Messages.New(t.Context(), claudeAsk("hi"))
		var e *anthropic.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, status, e.StatusCode)
		require.EqualValues(t, kind, e.Type())
		require.NotEmpty(t, e.RequestID)
	}
	s.Reset()
	require.NoError(t, s.Inject(llmsim.Fault{Kind: llmsim.KindErrorEvent, After: 3}))
	stream := client.Messages.NewStreaming(t.Context(), claudeAsk("hi"))
	for stream.Next() { //nolint:revive // only the end matters
	}
	require.ErrorContains(t, stream.Err(), "overloaded_error")
}
