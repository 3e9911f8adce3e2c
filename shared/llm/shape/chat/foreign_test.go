package chat_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
)

func texts(s ...string) (out []canonical.Block) {
	for _, t := range s {
		out = append(out, canonical.Block{Kind: canonical.Text, Text: t})
	}
	return out
}

// TestATurnOfAnotherProtocol writes what a coding agent sends in Anthropic's
// shape: results before the user's text, pictures of results behind them, no
// thinking, one message for an assistant's items.
func TestATurnOfAnotherProtocol(t *testing.T) {
	failed, yes := true, true
	picture := canonical.Block{Kind: canonical.Image, Media: &canonical.Media{Type: "image/png", Data: "AAAA"}}
	r := &canonical.Request{
		Origin: canonical.Messages, System: texts("One.", "Two."), Stream: true, UsageInStream: &yes,
		Tools:  []canonical.Tool{{Name: "look", Description: "looks", Schema: json.RawMessage(`{"type":"object"}`), Cache: &canonical.CacheControl{}}},
		Choice: &canonical.Choice{Mode: canonical.ChooseNamed, Name: "look"},
		Messages: []canonical.Message{
			{Role: canonical.User, Blocks: texts("Look around.")},
			{Role: canonical.Assistant, Blocks: []canonical.Block{
				{Kind: canonical.Thinking, Text: "hm", Signature: "s"},
				{Kind: canonical.Text, Text: "I look."},
				{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "a", Name: "look", Arguments: json.RawMessage(`{"at":1}`)}},
			}},
			{Role: canonical.Assistant, Blocks: []canonical.Block{{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "b", Name: "look"}}}},
			{Role: canonical.User, Blocks: []canonical.Block{
				{Kind: canonical.ToolResult, Result: &canonical.Result{ID: "a", Blocks: append(texts("A boat."), picture)}},
				{Kind: canonical.ToolResult, Result: &canonical.Result{ID: "b", Failed: &failed}},
				{Kind: canonical.Text, Text: "And now?"},
			}},
		},
	}
	require.JSONEq(t, `{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},
		"tools":[{"type":"function","function":{"name":"look","description":"looks","parameters":{"type":"object"}}}],
		"tool_choice":{"type":"function","function":{"name":"look"}},
		"messages":[
			{"role":"system","content":[{"type":"text","text":"One."},{"type":"text","text":"Two."}]},
			{"role":"user","content":"Look around."},
			{"role":"assistant","content":"I look.","tool_calls":[
				{"id":"a","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}},
				{"id":"b","type":"function","function":{"name":"look","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"a","content":"A boat."},
			{"role":"tool","tool_call_id":"b","content":""},
			{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"text","text":"And now?"}]}
		]}`, write(t, r, canonical.Options{Model: "gpt-4o"}))
}

func TestWhatNoServerOfThisProtocolTakes(t *testing.T) {
	for name, b := range map[string]canonical.Block{
		"a block of the other protocol": {Kind: canonical.Opaque, Extra: canonical.Extra{"type": json.RawMessage(`"server_tool_use"`)}},
		"a picture in another store":    {Kind: canonical.Image, Media: &canonical.Media{FileID: "file_1"}},
		"a document by URL":             {Kind: canonical.Document, Media: &canonical.Media{URL: "https://x.example/a.pdf"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &canonical.Request{Origin: canonical.Messages, Messages: []canonical.Message{
				{Role: canonical.User, Blocks: append(texts("x"), b)},
			}}
			_, err := chat.Protocol.WriteRequest(r, &canonical.Options{})
			require.Equal(t, "messages[0]", field(t, err))
			o := canonical.Options{DropUnsupported: true}
			out, err := chat.Protocol.WriteRequest(r, &o)
			require.NoError(t, err)
			require.NotEmpty(t, o.Dropped)
			require.NotContains(t, string(out), "file_1")
		})
	}
	hosted := &canonical.Request{Origin: canonical.Messages, Messages: user("hi"), Tools: []canonical.Tool{{Type: "web_search_20250305", Name: "web_search"}}}
	_, err := chat.Protocol.WriteRequest(hosted, &canonical.Options{})
	require.Equal(t, "tools[0]", field(t, err))
}

func TestNamesOfParametersAreTheClients(t *testing.T) {
	f, many := 0.5, int64(2)
	o := canonical.Options{Model: "m", Ability: canonical.Ability{Known: true, NoTemperature: true}, DropUnsupported: true}
	_, err := chat.Protocol.WriteRequest(&canonical.Request{Origin: canonical.Generate, Messages: user("hi"), Temperature: &f, Count: &many, TopK: &many}, &o)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"generationConfig.temperature", "generationConfig.candidateCount", "generationConfig.topK"}, o.Dropped)
}
