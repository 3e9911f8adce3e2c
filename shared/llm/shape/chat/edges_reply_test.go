package chat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

// whole is a whole answer as a client reads it.
type whole struct {
	ID, Object, Model string
	Choices           []struct {
		Message struct {
			Role, Refusal    string
			Content          *string
			ReasoningContent string            `json:"reasoning_content"`
			ThinkingBlocks   []json.RawMessage `json:"thinking_blocks"`
			ToolCalls        []struct {
				ID       string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		FinishReason string `json:"finish_reason"`
	}
	Usage map[string]any
}

func answer(t testing.TB, a *canonical.Reply) (w whole) {
	t.Helper()
	raw, err := chat.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Chat})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &w), "%s", raw)
	return w
}

func reply(t testing.TB, blocks ...canonical.Block) whole {
	t.Helper()
	return answer(t, &canonical.Reply{Origin: canonical.Messages, Choices: []canonical.Answer{{Blocks: blocks}}})
}

func TestEdge37And38OnlyFiveFinishReasons(t *testing.T) {
	tool := canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "a", Name: "f"}}
	text := canonical.Block{Kind: canonical.Text, Text: "x"}
	for _, c := range []struct {
		stop  canonical.Stop
		block canonical.Block
		want  string
	}{
		{canonical.StopEnd, text, "stop"},
		{canonical.StopSequence, text, "stop"},
		{canonical.StopPause, text, "stop"},
		{"", text, "stop"},
		{"something new", text, "stop"},
		{canonical.StopLength, text, "length"},
		{canonical.StopLength, tool, "length"},
		{canonical.StopTools, tool, "tool_calls"},
		{canonical.StopEnd, tool, "tool_calls"},
		{canonical.StopFilter, text, "content_filter"},
	} {
		w := answer(t, &canonical.Reply{Choices: []canonical.Answer{{Blocks: []canonical.Block{c.block}, Stop: c.stop}}})
		require.Equal(t, c.want, w.Choices[0].FinishReason, "%s %s", c.stop, c.block.Kind)
		es := []canonical.Event{
			{Kind: canonical.EventStart, ID: "1", Model: "m"},
			{Kind: canonical.EventWhole, Block: &c.block},
			{Kind: canonical.EventStop, Stop: c.stop},
			{Kind: canonical.EventEnd},
		}
		s := chattest.ValidStream(t, written(es, nil), chattest.Expect{})
		require.Equal(t, c.want, s.Answers[0].Finish)
	}
}

func TestEdge39BlockedPrompt(t *testing.T) {
	a := &canonical.Reply{Choices: []canonical.Answer{{Stop: canonical.StopFilter, Blocks: []canonical.Block{{Kind: canonical.Refusal, Text: "blocked: SAFETY"}}}}}
	a.Usage.Tokens.Input = 9
	w := answer(t, a)
	require.Empty(t, *w.Choices[0].Message.Content)
	require.Equal(t, "blocked: SAFETY", w.Choices[0].Message.Refusal)
	require.Equal(t, "content_filter", w.Choices[0].FinishReason)
	require.EqualValues(t, 9, w.Usage["prompt_tokens"])
}

func TestEdge40NothingButThoughts(t *testing.T) {
	a := &canonical.Reply{Choices: []canonical.Answer{{Stop: canonical.StopLength}}}
	a.Usage.Tokens = dcoder.Tokens{Input: 5, Output: 100, Reasoning: 100}
	w := answer(t, a)
	require.NotNil(t, w.Choices[0].Message.Content)
	require.Empty(t, *w.Choices[0].Message.Content)
	require.Equal(t, "length", w.Choices[0].FinishReason)
	require.EqualValues(t, 100, w.Usage["completion_tokens_details"].(map[string]any)["reasoning_tokens"])
}

func TestEdge41UsageInOpenAIsMeaning(t *testing.T) {
	a := &canonical.Reply{Choices: []canonical.Answer{{}}}
	a.Usage.Tokens = dcoder.Tokens{Input: 1000, Output: 20, CachedInput: 900, CacheWrite5m: 30, CacheWrite1h: 10, Reasoning: 5}
	raw, err := json.Marshal(answer(t, a).Usage)
	require.NoError(t, err)
	require.JSONEq(t, `{"prompt_tokens":1000,"completion_tokens":20,"total_tokens":1020,
		"prompt_tokens_details":{"cached_tokens":900,"audio_tokens":0,"cache_write_tokens":40},
		"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":0}}`, string(raw))
}

func TestEdge42And43UsageIsToldOnceFromTheLastWord(t *testing.T) {
	yes := true
	es := []canonical.Event{{Kind: canonical.EventStart, ID: "1", Model: "m"}, usage(55, 1), usage(55, 0), text("hi"), {Kind: canonical.EventStop}, usage(165, 12), {Kind: canonical.EventEnd}}
	s := chattest.ValidStream(t, written(es, &canonical.Request{UsageInStream: &yes}), chattest.Expect{Usage: true})
	require.Equal(t, chattest.Usage{Prompt: 165, Completion: 12, Total: 177}, *s.Usage)
	s = chattest.ValidStream(t, written(es, nil), chattest.Expect{})
	require.Nil(t, s.Usage)
}

func usage(in, out int64) canonical.Event {
	return canonical.Event{Kind: canonical.EventUsage, Usage: &canonical.Usage{Tokens: dcoder.Tokens{Input: in, Output: out}, Reported: true}}
}

func text(s string) canonical.Event { return canonical.Event{Kind: canonical.EventText, Text: s} }

func call(index int, id, signature string) canonical.Event {
	return canonical.Event{Kind: canonical.EventBlock, Index: index, Block: &canonical.Block{
		Kind: canonical.ToolUse, Call: &canonical.Call{ID: id, Name: "f"}, Signature: signature,
	}}
}

func TestEdge44And45ToolDeltas(t *testing.T) {
	es := []canonical.Event{
		{Kind: canonical.EventStart, ID: "1", Model: "m"},
		{Kind: canonical.EventBlock, Index: 0, Block: &canonical.Block{Kind: canonical.Thinking}},
		{Kind: canonical.EventText, Index: 0, Text: "hm"},
		{Kind: canonical.EventBlockEnd, Index: 0},
		{Kind: canonical.EventBlock, Index: 1, Block: &canonical.Block{Kind: canonical.Text}},
		{Kind: canonical.EventText, Index: 1, Text: "so"},
		{Kind: canonical.EventBlockEnd, Index: 1},
		call(2, "a", ""),
		{Kind: canonical.EventArgs, Index: 2, Text: ""},
		{Kind: canonical.EventArgs, Index: 2, Text: `{"x"`},
		{Kind: canonical.EventArgs, Index: 2, Text: `:1}`},
		{Kind: canonical.EventBlockEnd, Index: 2},
		call(3, "b", ""),
		{Kind: canonical.EventBlockEnd, Index: 3},
		{Kind: canonical.EventStop, Stop: canonical.StopTools},
		{Kind: canonical.EventEnd},
	}
	a := chattest.ValidStream(t, written(es, nil), chattest.Expect{}).Answers[0]
	require.Equal(t, "so", a.Content)
	require.Equal(t, "hm", a.Reasoning)
	require.Equal(t, []chattest.Call{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "f", Arguments: `{}`}}, a.Calls)
}

func TestEdge46FramesAreReadHoweverTheyAreCut(t *testing.T) {
	const stream = `data: {"id":"1","model":"m","created":1,"choices":[{"index":0,"delta":{"content":"hi"}}]}` + "\n\n" +
		`data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	want := events(t, []byte(stream))
	for name, s := range map[string]string{
		"CRLF":      strings.ReplaceAll(stream, "\n", "\r\n"),
		"CR":        strings.ReplaceAll(stream, "\n", "\r"),
		"no space":  strings.ReplaceAll(stream, "data: ", "data:"),
		"BOM":       "\xef\xbb\xbf" + stream,
		"two lines": strings.Replace(stream, `,"created"`, ",\ndata: \"created\"", 1),
	} {
		require.Equal(t, want, events(t, []byte(s)), name)
	}
}

func TestEdge47NoEndNoDone(t *testing.T) {
	out := written([]canonical.Event{{Kind: canonical.EventStart, ID: "1", Model: "m"}, text("hi"), {Kind: canonical.EventStop}}, nil)
	require.NotContains(t, string(out), "[DONE]")
}

func TestEdge48ErrorsInsideOfAStream(t *testing.T) {
	for name, frame := range map[string]string{
		"openai":  "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n",
		"groq":    "event: error\ndata: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":\"tool_use_failed\",\"failed_generation\":\"x\"}}\n\n",
		"in meta": "data: {\"id\":\"1\",\"choices\":[],\"x_groq\":{\"error\":\"overloaded\"}}\n\n",
	} {
		es := events(t, []byte(frame))
		last := es[len(es)-1]
		require.Equal(t, canonical.EventError, last.Kind, name)
		require.Equal(t, "overloaded", last.Err.Message, name)
		out := written(append([]canonical.Event{{Kind: canonical.EventStart, ID: "1", Model: "m"}, text("hi")}, append(es, canonical.Event{Kind: canonical.EventEnd})...), nil)
		s := chattest.ValidStream(t, out, chattest.Expect{Error: true})
		require.Equal(t, "overloaded", s.Error.Message)
	}
}

func TestEdge49Errors(t *testing.T) {
	for body, want := range map[string]canonical.Problem{
		`{"error":{"message":"no","type":"invalid_request_error","param":"n","code":"bad"}}`: {Status: 400, Message: "no", Type: "invalid_request_error", Param: "n", Code: "bad"},
		`{"error":{"message":"slow","code":429}}`:                                            {Status: 400, Message: "slow"},
		`{"error":"plain"}`:  {Status: 400, Message: "plain"},
		`{"detail":"other"}`: {Status: 400, Message: "other"},
	} {
		p, ok := chat.Protocol.ReadError(400, []byte(body))
		require.True(t, ok)
		require.Equal(t, want, p, body)
	}
	for _, body := range []string{"<html>502</html>", "", "no", "[1]"} {
		_, ok := chat.Protocol.ReadError(502, []byte(body))
		require.False(t, ok, body)
	}
}

func TestEdge50TextAroundCalls(t *testing.T) {
	tool := func(id string) canonical.Block {
		return canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: id, Name: "f"}}
	}
	m := reply(t, canonical.Block{Kind: canonical.Text, Text: "one "}, tool("a"), canonical.Block{Kind: canonical.Text, Text: "two"}, tool("b")).Choices[0].Message
	require.Equal(t, "one two", *m.Content)
	require.Equal(t, "a", m.ToolCalls[0].ID)
	require.Equal(t, "b", m.ToolCalls[1].ID)
	require.Equal(t, "{}", m.ToolCalls[0].Function.Arguments)
}
