package chat_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
)

// Numbers are those of the edge cases in the reference on gateways.

func read(t testing.TB, body string) *canonical.Request {
	t.Helper()
	r, err := chat.Protocol.ReadRequest([]byte(body))
	require.NoError(t, err)
	return r
}

// refused reads a request that must be refused and returns the named field.
func refused(t testing.TB, body string) string {
	t.Helper()
	_, err := chat.Protocol.ReadRequest([]byte(body))
	return field(t, err)
}

func field(t testing.TB, err error) string {
	t.Helper()
	var e *dcoder.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 400, e.Status)
	return e.Field
}

func asking(rest string) string {
	return `{"model":"m","messages":[{"role":"user","content":"hi"}],` + rest + `}`
}

func TestEdge6ResultsOfToolsKeepTheirIDs(t *testing.T) {
	r := read(t, `{"model":"m","messages":[
		{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"b","content":"2"},{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"1"}]}]}`)
	_, turns := r.Turns()
	require.Len(t, turns, 2)
	require.Equal(t, canonical.User, turns[1].Role)
	require.Equal(t, "b", turns[1].Blocks[0].Result.ID)
	require.Equal(t, "a", turns[1].Blocks[1].Result.ID)
	require.Equal(t, "messages[0].tool_call_id", refused(t, `{"model":"m","messages":[{"role":"tool","content":"x"}]}`))
}

func TestEdge9OddIDsOfCallsArePackedAndComeBack(t *testing.T) {
	w := reply(t, canonical.Block{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "functions.add:0", Name: "add"}})
	id := w.Choices[0].Message.ToolCalls[0].ID
	require.True(t, callid.Clean(id))
	r := read(t, `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"`+id+`","type":"function","function":{"name":"add","arguments":""}}]},
		{"role":"tool","tool_call_id":"`+id+`","content":"3"}]}`)
	require.Equal(t, "functions.add:0", r.Messages[0].Blocks[0].Call.ID)
	require.Equal(t, "functions.add:0", r.Messages[1].Blocks[0].Result.ID)
}

func TestEdge10ArgumentsAreAnObject(t *testing.T) {
	body := func(args string) string {
		return `{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":` + args + `}}]}]}`
	}
	for _, args := range []string{`""`, `"  "`, `null`} {
		require.Empty(t, read(t, body(args)).Messages[1].Blocks[0].Call.Arguments, args)
	}
	require.JSONEq(t, `{"a":1}`, string(read(t, body(`"{\"a\": 1}"`)).Messages[1].Blocks[0].Call.Arguments))
	for _, args := range []string{`"{"`, `"[1]"`, `"text"`, `"{} {}"`, `{"a":1}`, `5`} {
		require.Equal(t, "messages[1].tool_calls[0].function.arguments", refused(t, body(args)), args)
	}
}

func TestEdge11And12ChoiceOfTools(t *testing.T) {
	for word, want := range map[string]canonical.Choice{
		`"auto"`: {Mode: canonical.ChooseAuto}, `"none"`: {Mode: canonical.ChooseNone}, `"required"`: {Mode: canonical.ChooseAny},
		`{"type":"function","function":{"name":"f"}}`: {Mode: canonical.ChooseNamed, Name: "f"},
	} {
		require.Equal(t, want, *read(t, asking(`"tool_choice":`+word)).Choice)
	}
	require.Equal(t, "tool_choice", refused(t, asking(`"tool_choice":"any"`)))
	require.False(t, *read(t, asking(`"parallel_tool_calls":false`)).ParallelTools)
}

func TestEdge11WithoutToolsNothingIsSaidOfThem(t *testing.T) {
	no := false
	r := &canonical.Request{Origin: canonical.Messages, Messages: user("hi"), Choice: &canonical.Choice{Mode: canonical.ChooseAny}, ParallelTools: &no}
	require.JSONEq(t, `{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}`, write(t, r, canonical.Options{Model: "gpt-4o"}))
}

func TestEdge13And14BoundsOfTheAnswer(t *testing.T) {
	require.EqualValues(t, 7, *read(t, asking(`"max_tokens":7`)).MaxTokens)
	require.EqualValues(t, 7, *read(t, asking(`"max_completion_tokens":7,"max_tokens":9`)).MaxTokens)
	require.EqualValues(t, 7, *read(t, asking(`"max_tokens":9,"max_completion_tokens":7`)).MaxTokens)
	reasons := canonical.Options{Model: "o4-mini", Ability: canonical.Ability{Known: true, Thinks: canonical.ThinksEffort}}
	for _, bounds := range []string{`"max_tokens":7`, `"max_completion_tokens":7,"max_tokens":9`, `"max_completion_tokens":7`} {
		require.JSONEq(t, `{"model":"o4-mini","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":7}`, write(t, read(t, asking(bounds)), reasons), bounds)
	}
	n := int64(7)
	foreign := &canonical.Request{Origin: canonical.Messages, Messages: user("hi"), MaxTokens: &n}
	require.Contains(t, write(t, foreign, canonical.Options{}), `"max_tokens":7`, "a server of which nothing is known")
}

func TestEdge16StopSequences(t *testing.T) {
	require.Equal(t, []string{"x"}, read(t, asking(`"stop":"x"`)).Stop)
	require.Equal(t, []string{"x", "y"}, read(t, asking(`"stop":["x","y"]`)).Stop)
	require.Equal(t, "stop", refused(t, asking(`"stop":[1]`)))
	five := &canonical.Request{Origin: canonical.Messages, Messages: user("hi"), Stop: []string{"1", "2", "3", "4", "5"}}
	o := canonical.Options{Model: "gpt-4o", Ability: canonical.Ability{Known: true, StopMost: 4}}
	_, err := chat.Protocol.WriteRequest(five, &o)
	require.Equal(t, "stop_sequences", field(t, err))
}

func TestEdge17And18WhatTheModelCannotIsNamedOrDropped(t *testing.T) {
	for name, value := range map[string]string{
		"temperature": "0.5", "top_p": "0.5", "frequency_penalty": "1", "presence_penalty": "1", "logprobs": "true",
		"top_logprobs": "2", "logit_bias": `{"1":2}`, "n": "2", "top_k": "5", "reasoning_effort": `"low"`,
		"response_format": `{"type":"json_object"}`, "tools": `[{"type":"function","function":{"name":"f"}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			r := read(t, asking(`"`+name+`":`+value))
			o := canonical.Options{Model: "m", Ability: canonical.Ability{Known: true, NoTemperature: true}}
			_, err := chat.Protocol.WriteRequest(r, &o)
			require.Equal(t, name, field(t, err))
			o.DropUnsupported = true
			out, err := chat.Protocol.WriteRequest(r, &o)
			require.NoError(t, err)
			require.JSONEq(t, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, string(out))
			require.Equal(t, []string{name}, o.Dropped)
		})
	}
}

func TestEdge19Media(t *testing.T) {
	part := func(p string) canonical.Block {
		return read(t, `{"model":"m","messages":[{"role":"user","content":[`+p+`]}]}`).Messages[0].Blocks[0]
	}
	picture := part(`{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}`)
	require.Equal(t, canonical.Image, picture.Kind)
	require.Equal(t, canonical.Media{Type: "image/png", Data: "AAAA", Detail: "low"}, *picture.Media)
	require.Equal(t, "https://x.example/a.png", part(`{"type":"image_url","image_url":{"url":"https://x.example/a.png"}}`).Media.URL)
	require.Equal(t, canonical.Document, part(`{"type":"image_url","image_url":{"url":"data:application/pdf;base64,AAAA"}}`).Kind)
	file := part(`{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}`)
	require.Equal(t, canonical.Media{Type: "application/pdf", Data: "AAAA", Name: "a.pdf"}, *file.Media)
	sound := part(`{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}`)
	require.Equal(t, canonical.Media{Type: "audio/wav", Data: "AAAA", Format: "wav"}, *sound.Media)
	for _, bad := range []string{"data:image/png,x", "data:image/png;base64,", "data:;base64,AAAA", "data:image/png;base64,A!==", "nothing"} {
		require.Equal(t, "messages[0].content[0].image_url.url",
			refused(t, `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"`+bad+`"}}]}]}`), bad)
	}
}

func TestEdge20StructuredOutput(t *testing.T) {
	f := read(t, asking(`"response_format":{"type":"json_schema","json_schema":{"name":"a","description":"d","strict":true,"schema":{"type":"object"}}}`)).Format
	require.Equal(t, "json_schema", f.Type)
	require.Equal(t, "a", f.Name)
	require.Equal(t, "d", f.Description)
	require.True(t, *f.Strict)
	require.JSONEq(t, `{"type":"object"}`, string(f.Schema))
	nameless := &canonical.Request{Origin: canonical.Generate, Messages: user("hi"), Format: &canonical.Format{Type: "json_schema", Schema: json.RawMessage(`{}`)}}
	require.Contains(t, write(t, nameless, canonical.Options{}), `"json_schema":{"name":"answer","schema":{}}`)
}

func TestEdge21Reasoning(t *testing.T) {
	budget := int64(5000)
	for body, want := range map[string]canonical.Reasoning{
		`"reasoning_effort":"high"`:                              {Effort: "high"},
		`"reasoning_effort":"none"`:                              {Effort: "none", Off: true},
		`"reasoning":{"max_tokens":5000}`:                        {Budget: &budget},
		`"thinking":{"type":"enabled","budget_tokens":5000}`:     {Budget: &budget},
		`"thinking":{"type":"disabled"}`:                         {Off: true},
		`"thinking":{"type":"adaptive"}`:                         {Adaptive: true},
		`"reasoning":{"effort":"low"},"include_reasoning":false`: {Effort: "low", Include: new(bool)},
	} {
		require.Equal(t, want, *read(t, asking(body)).Reasoning, body)
	}
	require.Equal(t, "thinking.type", refused(t, asking(`"thinking":{}`)))
}

func TestEdge21EffortsAreWordsThatTheModelTakes(t *testing.T) {
	n := func(i int64) *int64 { return &i }
	for _, c := range []struct {
		asked canonical.Reasoning
		takes []string
		want  string
	}{
		{canonical.Reasoning{Effort: "max"}, nil, `"high"`},
		{canonical.Reasoning{Effort: "minimal"}, nil, `"low"`},
		{canonical.Reasoning{Effort: "minimal"}, []string{"minimal", "low"}, `"minimal"`},
		{canonical.Reasoning{Effort: "xhigh"}, []string{"none", "low", "medium", "high", "xhigh"}, `"xhigh"`},
		{canonical.Reasoning{Off: true}, []string{"none", "low"}, `"none"`},
		{canonical.Reasoning{Off: true}, nil, `"low"`},
		{canonical.Reasoning{Budget: n(1024)}, nil, `"low"`},
		{canonical.Reasoning{Budget: n(10000)}, nil, `"medium"`},
		{canonical.Reasoning{Budget: n(32000)}, nil, `"high"`},
		{canonical.Reasoning{Adaptive: true}, nil, ``},
	} {
		r := &canonical.Request{Origin: canonical.Messages, Messages: user("hi"), Reasoning: &c.asked}
		var got map[string]json.RawMessage
		o := canonical.Options{Ability: canonical.Ability{Known: true, Thinks: canonical.ThinksEffort, Efforts: c.takes}}
		require.NoError(t, json.Unmarshal([]byte(write(t, r, o)), &got))
		require.Equal(t, c.want, string(got["reasoning_effort"]), "%+v", c)
	}
}

func TestEdge22ReasoningOfThePast(t *testing.T) {
	turn := func(rest string) []canonical.Block {
		return read(t, `{"model":"m","messages":[{"role":"assistant","content":"so","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}],`+rest+`}]}`).Messages[0].Blocks
	}
	signed := turn(`"thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"d"}],"reasoning_content":"hm"`)
	require.Equal(t, canonical.Block{Kind: canonical.Thinking, Text: "hm", Signature: "s"}, signed[0])
	require.Equal(t, canonical.Block{Kind: canonical.Redacted, Signature: "d"}, signed[1])
	require.Equal(t, canonical.Text, signed[2].Kind)
	details := turn(`"reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"s"},{"type":"reasoning.encrypted","data":"d"}]`)
	require.Equal(t, signed[:2], details[:2])
	require.Equal(t, canonical.Block{Kind: canonical.Thinking, Text: "hm"}, turn(`"reasoning_content":"hm"`)[0])
	for _, known := range []bool{false, true} {
		r := &canonical.Request{Origin: canonical.Messages, Messages: []canonical.Message{{Role: canonical.Assistant, Blocks: signed}}}
		out := write(t, r, canonical.Options{Ability: canonical.Ability{Known: known, Tools: true}})
		require.NotContains(t, out, "hm", "it is never sent back to servers of this protocol")
	}
}

func TestEdge23CacheMarks(t *testing.T) {
	const mark = `"cache_control":{"type":"ephemeral","ttl":"1h"}`
	body := `{"model":"m","messages":[
		{"role":"system","content":[{"type":"text","text":"s",` + mark + `}]},
		{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.example/a"},` + mark + `}]},
		{"role":"assistant","content":"x","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"},` + mark + `}]},
		{"role":"tool","tool_call_id":"a","content":"r",` + mark + `},
		{"role":"user","content":"bare",` + mark + `}],
		"tools":[{"type":"function","function":{"name":"f"},` + mark + `}]}`
	r := read(t, body)
	want := &canonical.CacheControl{TTL: "1h"}
	require.Equal(t, want, r.Messages[0].Blocks[0].Cache)
	require.Equal(t, want, r.Messages[1].Blocks[0].Cache)
	require.Equal(t, want, r.Messages[2].Blocks[1].Cache)
	require.Equal(t, want, r.Messages[3].Blocks[0].Cache)
	require.Equal(t, want, r.Messages[4].Blocks[0].Cache)
	require.Equal(t, want, r.Tools[0].Cache)
	require.JSONEq(t, body, write(t, r, canonical.Options{}))
}

func TestEdge24User(t *testing.T) {
	r := read(t, asking(`"user":"u1","metadata":{"a":"b"}`))
	require.Equal(t, "u1", r.User)
	require.JSONEq(t, `{"a":"b"}`, string(r.Metadata))
}

// user is a conversation of one message.
func user(s string) []canonical.Message {
	return []canonical.Message{{Role: canonical.User, Blocks: []canonical.Block{{Kind: canonical.Text, Text: s}}}}
}

func write(t testing.TB, r *canonical.Request, o canonical.Options) string {
	t.Helper()
	out, err := chat.Protocol.WriteRequest(r, &o)
	require.NoError(t, err)
	return string(out)
}

func TestWhatAParameterIsAnywayMayBeSaid(t *testing.T) {
	r := read(t, asking(`"temperature":1,"top_p":1,"presence_penalty":0,"frequency_penalty":0`))
	out := write(t, r, canonical.Options{Model: "o4-mini", Ability: canonical.Ability{Known: true, NoTemperature: true}})
	require.Contains(t, out, `"temperature":1`)
}
