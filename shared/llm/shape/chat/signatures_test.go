package chat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

var signedTurn = []canonical.Block{
	{Kind: canonical.Thinking, Text: strings.Repeat("I must look first. ", 40), Signature: "c2lnbmF0dXJlLW9uZQ=="},
	{Kind: canonical.Redacted, Signature: "b3BhcXVl"},
	{Kind: canonical.Text, Text: "Let me look."},
	{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "toolu_1", Name: "look", Arguments: json.RawMessage(`{"at":"sea"}`)}},
	{Kind: canonical.Thinking, Text: "and once more", Signature: "c2lnbmF0dXJlLXR3bw=="},
	{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "toolu_2", Name: "look", Arguments: json.RawMessage(`{"at":"sky"}`)}, Signature: "Z2VtaW5p"},
}

// plainTurn is what a client keeps that echoes role, content and tool_calls.
func plainTurn(t *testing.T, content string, calls []chattest.Call) string {
	t.Helper()
	type function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	}
	type call struct {
		ID       string   `json:"id"`
		Type     string   `json:"type"`
		Function function `json:"function"`
	}
	m := struct {
		Role    string `json:"role"`
		Content string `json:"content"`
		Calls   []call `json:"tool_calls"`
	}{Role: "assistant", Content: content}
	results := ""
	for _, c := range calls {
		m.Calls = append(m.Calls, call{c.ID, "function", function{c.Name, c.Arguments}})
		results += `,{"role":"tool","tool_call_id":"` + c.ID + `","content":"blue"}`
	}
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	return string(raw) + results
}

func TestSignaturesSurviveAClientThatEchoesOnlyWhatItKnows(t *testing.T) {
	m := reply(t, signedTurn...).Choices[0].Message
	require.Contains(t, m.ReasoningContent, "I must look first. ")
	require.Len(t, m.ThinkingBlocks, 3)
	var calls []chattest.Call
	for _, c := range m.ToolCalls {
		calls = append(calls, chattest.Call{ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments})
	}
	turn := plainTurn(t, *m.Content, calls)
	r := read(t, `{"model":"m","messages":[{"role":"user","content":"hi"},`+turn+`,{"role":"user","content":"and now?"},`+turn+`]}`)
	for _, at := range []int{1, 5} { // several turns later, too
		require.Equal(t, signedTurn, r.Messages[at].Blocks)
		require.Equal(t, "toolu_1", r.Messages[at+1].Blocks[0].Result.ID)
		require.Equal(t, "toolu_2", r.Messages[at+2].Blocks[0].Result.ID)
	}
}

func TestSignaturesSurviveAStream(t *testing.T) {
	s := chattest.ValidStream(t, written(streamed(signedTurn), nil), chattest.Expect{}).Answers[0]
	require.Len(t, s.Thoughts, 3)
	r := read(t, `{"model":"m","messages":[{"role":"user","content":"hi"},`+plainTurn(t, s.Content, s.Calls)+`]}`)
	require.Equal(t, signedTurn, r.Messages[1].Blocks)
}

// streamed cuts blocks into events, a few bytes each.
func streamed(blocks []canonical.Block) []canonical.Event {
	es := []canonical.Event{{Kind: canonical.EventStart, ID: "1", Model: "m"}}
	for i := range blocks {
		b := blocks[i]
		if b.Kind == canonical.Redacted {
			es = append(es, canonical.Event{Kind: canonical.EventWhole, Index: i, Block: &b}, canonical.Event{Kind: canonical.EventBlockEnd, Index: i})
			continue
		}
		begun := canonical.Block{Kind: b.Kind}
		kind, rest := canonical.EventText, b.Text
		if b.Call != nil {
			begun.Call = &canonical.Call{ID: b.Call.ID, Name: b.Call.Name}
			begun.Signature = b.Signature
			kind, rest = canonical.EventArgs, string(b.Call.Arguments)
		}
		es = append(es, canonical.Event{Kind: canonical.EventBlock, Index: i, Block: &begun})
		for len(rest) > 0 {
			n := min(5, len(rest))
			es = append(es, canonical.Event{Kind: kind, Index: i, Text: rest[:n]})
			rest = rest[n:]
		}
		if b.Call == nil && b.Signature != "" {
			es = append(es, canonical.Event{Kind: canonical.EventSign, Index: i, Text: b.Signature})
		}
		es = append(es, canonical.Event{Kind: canonical.EventBlockEnd, Index: i})
	}
	return append(es, canonical.Event{Kind: canonical.EventStop, Stop: canonical.StopTools}, canonical.Event{Kind: canonical.EventEnd})
}

func TestSignaturesThatAreEchoedAsFields(t *testing.T) {
	r := read(t, `{"model":"m","messages":[{"role":"assistant","content":"x","extra_content":{"google":{"thought_signature":"t"}},
		"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]}]}`)
	require.Equal(t, "t", r.Messages[0].Blocks[0].Signature)
	require.Equal(t, "s", r.Messages[0].Blocks[1].Signature)
}

func TestOpenAIGetsShortIDs(t *testing.T) {
	long := strings.Repeat("x", 60)
	r := &canonical.Request{Origin: canonical.Generate, Messages: []canonical.Message{
		{Role: canonical.Assistant, Blocks: []canonical.Block{{Kind: canonical.ToolUse, Call: &canonical.Call{ID: long, Name: "f"}}}},
		{Role: canonical.User, Blocks: []canonical.Block{{Kind: canonical.ToolResult, Result: &canonical.Result{ID: long, Blocks: []canonical.Block{{Kind: canonical.Text, Text: "r"}}}}}},
	}}
	var out struct {
		Messages []struct {
			Calls []struct{ ID string } `json:"tool_calls"`
			Of    string                `json:"tool_call_id"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(write(t, r, canonical.Options{})), &out))
	require.LessOrEqual(t, len(out.Messages[0].Calls[0].ID), 40)
	require.Equal(t, out.Messages[0].Calls[0].ID, out.Messages[1].Of)
}
