package messages_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// TestIDsThatAnthropicRefusesAreMapped (rows 8 and 9): one to one, and alike in
// the call and in its result.
func TestIDsThatAnthropicRefusesAreMapped(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{"a b", "a.b", "a|b", "ab", "ä"} {
		r := &canonical.Request{Messages: []canonical.Message{
			{Role: canonical.User, Blocks: []canonical.Block{{Kind: canonical.Text, Text: "hi"}}},
			{Role: canonical.Assistant, Blocks: []canonical.Block{{Kind: canonical.ToolUse, Call: &canonical.Call{ID: id, Name: "f"}}}},
			{Role: canonical.ToolRole, Blocks: []canonical.Block{{Kind: canonical.ToolResult, Result: &canonical.Result{ID: id}}}},
		}}
		raw, err := messages.Protocol.WriteRequest(r, &canonical.Options{Model: "claude-sonnet-4"})
		require.NoError(t, err)
		list := object(t, string(raw))["messages"].([]any)
		call := list[1].(map[string]any)["content"].([]any)[0].(map[string]any)["id"].(string)
		require.Regexp(t, `^[a-zA-Z0-9_-]+$`, call)
		require.Equal(t, call, list[2].(map[string]any)["content"].([]any)[0].(map[string]any)["tool_use_id"])
		require.False(t, seen[call], "two ids became one")
		seen[call] = true
		back, err := messages.Protocol.ReadRequest(raw)
		require.NoError(t, err)
		require.Equal(t, id, back.Messages[1].Blocks[0].Call.ID)
	}
}

// TestThinkingIsReplayedFirstAndSigned (row 22).
func TestThinkingIsReplayedFirstAndSigned(t *testing.T) {
	r := &canonical.Request{Messages: []canonical.Message{
		{Role: canonical.User, Blocks: []canonical.Block{{Kind: canonical.Text, Text: "hi"}}},
		{Role: canonical.Assistant, Blocks: []canonical.Block{
			{Kind: canonical.Thinking, Text: "unsigned"},
			{Kind: canonical.Text, Text: "so"},
			{Kind: canonical.Thinking, Text: "t", Signature: "s"},
			{Kind: canonical.Redacted, Signature: "r"},
		}},
		{Role: canonical.User, Blocks: []canonical.Block{{Kind: canonical.Text, Text: "and?"}}},
	}}
	raw, err := messages.Protocol.WriteRequest(r, &canonical.Options{Model: "claude-sonnet-4"})
	require.NoError(t, err)
	require.Contains(t, string(raw), `{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"r"},{"type":"text","text":"so"}]}`)
}

// TestBreakpointsOfCachesComeThrough (row 23): on every kind of block, both
// lifetimes, there and back.
func TestBreakpointsOfCachesComeThrough(t *testing.T) {
	const five, hour = `"cache_control":{"type":"ephemeral"}`, `"cache_control":{"type":"ephemeral","ttl":"1h"}`
	body := `{"model":"m","max_tokens":9,"system":[{"type":"text","text":"s",` + hour + `}],
		"tools":[{"name":"f","description":"d","input_schema":{"type":"object"},` + five + `}],
		"messages":[{"role":"user","content":[{"type":"text","text":"a",` + five + `},{"type":"image","source":{"type":"url","url":"https://a.example/i"},` + hour + `},
			{"type":"document","title":"T","context":"C","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"x"},` + five + `}]},
			{"role":"assistant","content":[{"type":"redacted_thinking","data":"z"},{"type":"tool_use","id":"t","name":"f","input":{"a":1},` + hour + `},{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":false,"content":[{"type":"text","text":"r"}],` + five + `},{"type":"tool_result","tool_use_id":"u"}]}],
		"thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}},"new":1},
		"metadata":{"user_id":"u","x":1},"container":"c","mcp_servers":[],"stream":false,"stop_sequences":[],"service_tier":"auto","temperature":null}`
	in, err := messages.Protocol.ReadRequest([]byte(body))
	require.NoError(t, err)
	out, err := messages.Protocol.WriteRequest(in, &canonical.Options{Model: "m"})
	require.NoError(t, err)
	require.JSONEq(t, body, string(out))
	require.Equal(t, "1h", in.System[0].Cache.TTL)
	require.Equal(t, "1h", in.Messages[1].Blocks[1].Cache.TTL)
}

// TestReasonsOfAnthropicsStops (row 37): an unknown one is a plain stop.
func TestReasonsOfAnthropicsStops(t *testing.T) {
	for native, want := range map[string]string{
		"end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
		"tool_use": "tool_calls", "refusal": "content_filter", "a_reason_of_2031": "stop",
	} {
		content := `[{"type":"text","text":"x"}]`
		if native == "tool_use" {
			content = `[{"type":"tool_use","id":"1","name":"f","input":{}}]`
		}
		a, err := messages.Protocol.ReadReply([]byte(answer(content, native, `{"input_tokens":1,"output_tokens":1}`)))
		require.NoError(t, err)
		out, err := chat.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Chat})
		require.NoError(t, err)
		require.Equal(t, want, object(t, string(out))["choices"].([]any)[0].(map[string]any)["finish_reason"], native)
	}
}

func answer(content, stop, usage string) string {
	return fmt.Sprintf(`{"id":"m","type":"message","role":"assistant","model":"c","content":%s,"stop_reason":%q,"stop_sequence":null,"usage":%s}`, content, stop, usage)
}

// TestUsageHasOpenAIsMeaning (row 41).
func TestUsageHasOpenAIsMeaning(t *testing.T) {
	a, err := messages.Protocol.ReadReply([]byte(answer(`[]`, "end_turn",
		`{"input_tokens":10,"cache_read_input_tokens":200,"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},"output_tokens":7,"server_tool_use":{"web_search_requests":2}}`)))
	require.NoError(t, err)
	require.Equal(t, dcoder.Tokens{Input: 260, CachedInput: 200, CacheWrite5m: 20, CacheWrite1h: 30, Output: 7, WebSearches: 2}, a.Usage.Tokens)
}

const head = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n"

// TestTheLastWordOnEachCountOfAStreamCounts (row 42).
func TestTheLastWordOnEachCountOfAStreamCounts(t *testing.T) {
	_, acc := through(t, head+
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":null},\"usage\":{\"output_tokens\":5}}\n\n"+
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":12,\"cache_read_input_tokens\":null,\"output_tokens\":9}}\n\n"+
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
	require.Equal(t, dcoder.Tokens{Input: 17, CachedInput: 5, Output: 9}, acc.Reply().Usage.Tokens)
}

// TestFramingDoesNotMatter (row 46): the same stream with other line ends, no
// space, comments and a byte order mark says the same.
func TestFramingDoesNotMatter(t *testing.T) {
	stream := head + "event: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" +
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n" +
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n" +
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
	want, _ := through(t, stream)
	messagestest.ValidStream(t, want, messagestest.Expect{})
	for _, other := range []string{
		strings.ReplaceAll(stream, "\n", "\r\n"), strings.ReplaceAll(stream, "\n", "\r"), strings.ReplaceAll(stream, "data: ", "data:"),
		"\ufeff" + stream, ": hello\n\n" + stream,
	} {
		got, _ := through(t, other)
		require.Equal(t, string(want), string(got))
	}
}

// TestErrorsInsideAStream (row 48).
func TestErrorsInsideAStream(t *testing.T) {
	events, err := messages.Protocol.NewReader().Read(nil, sse.Event{Name: []byte("error"), HasData: true, Data: []byte(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)})
	require.NoError(t, err)
	require.Equal(t, canonical.EventError, events[0].Kind)
	require.Equal(t, "overloaded_error", events[0].Err.Type)
}

// TestBlocksOfOtherProtocolsComeOneAfterTheOther (row 51): parallel calls whose
// pieces are mixed, text behind a call, input as estimated until it is known.
func TestBlocksOfOtherProtocolsComeOneAfterTheOther(t *testing.T) {
	w := messages.Protocol.NewWriter(&canonical.Request{Model: "m", InputEstimate: 42})
	var out []byte
	for _, e := range []canonical.Event{
		{Kind: canonical.EventStart, ID: "x"},
		{Kind: canonical.EventText, Index: 0, Text: "let me see"},
		{Kind: canonical.EventBlock, Index: 1, Block: &canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "a", Name: "f"}}},
		{Kind: canonical.EventArgs, Index: 1, Text: `{"p":`},
		{Kind: canonical.EventBlock, Index: 2, Block: &canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "b", Name: "g"}}},
		{Kind: canonical.EventArgs, Index: 2, Text: `{}`},
		{Kind: canonical.EventArgs, Index: 1, Text: `1}`},
		{Kind: canonical.EventText, Index: 0, Text: "and done"},
		{Kind: canonical.EventBlock, Index: 3, Block: &canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "c", Name: "h"}}},
		{Kind: canonical.EventStop, Stop: canonical.StopTools, Native: "tool_calls"},
		{Kind: canonical.EventUsage, Usage: &canonical.Usage{Tokens: dcoder.Tokens{Input: 40, CachedInput: 10, Output: 8}, Reported: true}},
		{Kind: canonical.EventEnd},
	} {
		out = w.Write(out, &e)
	}
	m := messagestest.ValidStream(t, out, messagestest.Expect{})
	require.Equal(t, "tool_use", m.StopReason)
	require.EqualValues(t, 42, m.StartInput)
	require.EqualValues(t, 30, m.Usage["input_tokens"])
	require.EqualValues(t, 10, m.Usage["cache_read_input_tokens"])
	inputs := map[string]string{}
	for _, b := range m.Blocks {
		if b.Type == "tool_use" {
			inputs[b.ID] = b.Input
		}
	}
	require.Equal(t, map[string]string{"a": `{"p":1}`, "b": "{}", "c": "{}"}, inputs)
	require.Equal(t, "let me seeand done", m.Text())
}

// TestAnAnswerInAFormIsText (row 20): the tool that brought it is not seen.
func TestAnAnswerInAFormIsText(t *testing.T) {
	a, err := messages.Protocol.ReadReply([]byte(answer(`[{"type":"tool_use","id":"t","name":"`+messages.FormTool+`","input":{"a":1}}]`, "tool_use", `{"input_tokens":1,"output_tokens":1}`)))
	require.NoError(t, err)
	require.Equal(t, canonical.StopEnd, a.Choices[0].Stop)
	require.Equal(t, []canonical.Block{{Kind: canonical.Text, Text: `{"a":1}`}}, a.Choices[0].Blocks)
}

// TestTextAroundCallsIsJoinedAndCallsKeepTheirOrder (row 50).
func TestTextAroundCallsIsJoinedAndCallsKeepTheirOrder(t *testing.T) {
	a, err := messages.Protocol.ReadReply([]byte(answer(`[{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"f","input":{}},{"type":"text","text":"b"},{"type":"tool_use","id":"2","name":"g","input":{}}]`, "tool_use", `{"input_tokens":1,"output_tokens":1}`)))
	require.NoError(t, err)
	out, err := chat.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Chat})
	require.NoError(t, err)
	m := object(t, string(out))["choices"].([]any)[0].(map[string]any)["message"].(map[string]any)
	require.Equal(t, "ab", m["content"])
	calls := m["tool_calls"].([]any)
	require.Equal(t, "f", calls[0].(map[string]any)["function"].(map[string]any)["name"])
	require.Equal(t, "g", calls[1].(map[string]any)["function"].(map[string]any)["name"])
}
