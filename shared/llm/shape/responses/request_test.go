package responses_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
)

// everything are requests with every kind of item, part and field.
var everything = map[string]string{
	"a text":            `{"model":"m","input":"hello"}`,
	"nothing said":      `{"model":"m","input":[],"instructions":null,"stream":false,"user":"","tools":[],"reasoning":{},"text":{}}`,
	"the plain fields":  `{"model":"m","input":"x","instructions":"be brief","stream":true,"store":false,"max_output_tokens":7,"temperature":0.5,"top_p":1,"top_logprobs":3,"parallel_tool_calls":false,"previous_response_id":"resp_1","user":"u","service_tier":"flex","metadata":{"a":"b"}}`,
	"what only it says": `{"model":"m","input":"x","include":["reasoning.encrypted_content"],"truncation":"auto","prompt_cache_key":"k","safety_identifier":"s","max_tool_calls":3,"stream_options":{"include_obfuscation":false},"x_future":[1]}`,
	"formats":           `{"model":"m","input":"x","text":{"verbosity":"low","format":{"type":"json_schema","name":"a","description":"d","strict":true,"schema":{"type":"object"},"x":1}}}`,
	"verbosity alone":   `{"model":"m","input":"x","text":{"verbosity":"low"}}`,
	"a bare format":     `{"model":"m","input":"x","text":{"format":{"type":"json_object"}}}`,
	"reasoning":         `{"model":"m","input":"x","reasoning":{"effort":"high","summary":"detailed","generate_summary":null}}`,
	"tools":             `{"model":"m","input":"x","tool_choice":"required","tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true,"x":1},{"type":"function","name":"g","parameters":null,"strict":null},{"type":"web_search","user_location":{"type":"approximate"}},{"type":"custom","name":"c","format":{"type":"text"}},{"type":"mcp","server_label":"s"}]}`,
	"a named tool":      `{"model":"m","input":"x","tool_choice":{"type":"function","name":"f"}}`,
	"a hosted tool":     `{"model":"m","input":"x","tool_choice":{"type":"web_search"}}`,
	"allowed tools":     `{"model":"m","input":"x","tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}}`,
	"messages": `{"model":"m","input":[{"role":"developer","content":"d"},{"type":"message","role":"user","content":[{"type":"input_text","text":""},{"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"},{"type":"input_image","image_url":"https://example.com/a.png"},{"type":"input_image","file_id":"file_1","image_url":null},{"type":"input_file","file_data":"data:application/pdf;base64,AA==","filename":"a.pdf"},{"type":"input_file","file_data":"AA==","filename":"a.pdf"},{"type":"input_file","file_url":"https://example.com/a.pdf"},{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},{"type":"new_part","x":1}]},
		{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"t","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"no"}]},{"role":"assistant","content":[{"type":"input_text","text":"odd"}]},{"role":"system","content":""}]}`,
	"calls": `{"model":"m","input":[{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{ \"a\" : 1 }","status":"completed"},{"type":"function_call","call_id":"call_2","name":"f","arguments":""},{"type":"function_call_output","call_id":"call_1","output":"o","id":"fco_1","status":"completed"},{"type":"function_call_output","call_id":"call_2","output":[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"https://example.com/a.png"}]},
		{"type":"custom_tool_call","call_id":"call_3","name":"c","input":"line\n\"two\""},{"type":"custom_tool_call_output","call_id":"call_3","output":"o"}]}`,
	"reasoning items": `{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],"content":[{"type":"reasoning_text","text":"r"}],"encrypted_content":"gAAA","status":null},{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gBBB"},{"type":"reasoning","id":"rs_3","summary":[]}]}`,
	"other items":     `{"model":"m","input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2"},{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},{"type":"computer_call_output","call_id":"c","output":{"type":"computer_screenshot","image_url":"x"}},{"type":"mcp_approval_response","approve":true,"approval_request_id":"a"},{"type":"compaction","encrypted_content":"x"}]}`,
}

func TestEveryRequestComesBackEqual(t *testing.T) {
	for name, body := range everything {
		t.Run(name, func(t *testing.T) { require.JSONEq(t, body, string(roundTrip(t, []byte(body)))) })
	}
}

// TestNoFieldIsLost deletes and alters every value of every request: the
// translation must tell the difference.
func TestNoFieldIsLost(t *testing.T) {
	cases := 0
	for name, body := range everything {
		for _, changed := range mutations(t, body) {
			q, err := responses.Protocol.ReadRequest(changed)
			if err != nil {
				continue // refused is not lost
			}
			cases++
			back, err := responses.Protocol.WriteRequest(q, &canonical.Options{Model: q.Model})
			require.NoError(t, err)
			var said struct{ Model *string }
			require.NoError(t, json.Unmarshal(changed, &said))
			if said.Model != nil && *said.Model != "" {
				require.JSONEq(t, string(changed), string(back), name)
			}
		}
	}
	require.Greater(t, cases, 200)
}

// mutations are body with one value deleted or another one in its place.
func mutations(t *testing.T, body string) (all [][]byte) {
	var v any
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	put := func() {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		all = append(all, raw)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, was := range v {
				delete(v, k)
				put()
				for _, other := range []any{nil, "", "other", 17.0, true, []any{}, map[string]any{}} {
					v[k] = other
					put()
				}
				v[k] = was
				walk(was)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return all
}

func TestRequestsAreRefusedByField(t *testing.T) {
	for body, field := range map[string]string{
		`[]`:              "body",
		`{"input":7}`:     "input",
		`{"input":["x"]}`: "input[0]",
		`{"input":[{"role":"king","content":"x"}]}`:                                          "input[0].role",
		`{"input":[{"role":"user"}]}`:                                                        "input[0].content",
		`{"input":[{"role":"user","content":[{"text":"x"}]}]}`:                               "input[0].content[0].type",
		`{"input":[{"role":"user","content":[{"type":"input_image"}]}]}`:                     "input[0].content[0].image_url",
		`{"input":[{"type":"function_call","name":"f","arguments":"{}"}]}`:                   "input[0].call_id",
		`{"input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{"}]}`:      "input[0].arguments",
		`{"input":"x","temperature":"hot"}`:                                                  "temperature",
		`{"input":"x","tools":[{"name":"f"}]}`:                                               "tools[0].type",
		`{"input":"x","tools":[{"type":"function"}]}`:                                        "tools[0].name",
		`{"input":"x","tool_choice":"maybe"}`:                                                "tool_choice",
		`{"input":"x","text":{"format":{"type":"xml"}}}`:                                     "text.format.type",
		`{"input":"x","reasoning":{"effort":3}}`:                                             "reasoning.effort",
		`{"input":[{"type":"reasoning","id":"r","summary":"text"}]}`:                         "input[0]",
		`{"input":[{"type":"function_call_output","call_id":"c","output":{"type":"text"}}]}`: "input[0].output",
	} {
		_, err := responses.Protocol.ReadRequest([]byte(body))
		var e *dcoder.Error
		require.ErrorAs(t, err, &e, body)
		require.Equal(t, 400, e.Status)
		require.Equal(t, field, e.Field, body)
	}
}

func TestOtherProtocolsBecomeItems(t *testing.T) {
	no, four := false, int64(4)
	q := &canonical.Request{
		Origin: canonical.Messages, MaxTokens: &four, ParallelTools: &no,
		System: []canonical.Block{{Kind: canonical.Text, Text: "a"}, {Kind: canonical.Text, Text: "b"}},
		Messages: []canonical.Message{
			{Role: canonical.User, Plain: true, Blocks: []canonical.Block{{Kind: canonical.Text, Text: "q"}}},
			{Role: canonical.Assistant, Blocks: []canonical.Block{
				{Kind: canonical.Thinking, Text: "hm", Signature: "s"},
				{Kind: canonical.Text, Text: "t"},
				{Kind: canonical.ToolUse, Call: &canonical.Call{ID: "toolu_1", Name: "f"}},
			}},
			{Role: canonical.User, Blocks: []canonical.Block{
				{Kind: canonical.ToolResult, Result: &canonical.Result{ID: "toolu_1"}},
				{Kind: canonical.Text, Text: "and"},
				{Kind: canonical.Document, Media: &canonical.Media{Text: "plain"}},
			}},
		},
		Tools:  []canonical.Tool{{Name: "f", Schema: json.RawMessage(`{"type":"object"}`), Extra: canonical.Extra{"cache": []byte("1")}}},
		Choice: &canonical.Choice{Mode: canonical.ChooseAny},
		Extra:  canonical.Extra{"container": json.RawMessage(`"x"`)},
	}
	out, err := responses.Protocol.WriteRequest(q, &canonical.Options{Model: "gpt-5"})
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"gpt-5","store":false,"max_output_tokens":4,"parallel_tool_calls":false,"instructions":"a\n\nb","tool_choice":"required",
		"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false}],
		"input":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"output_text","text":"t"}]},
		{"type":"function_call","call_id":"toolu_1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"toolu_1","output":""},
		{"role":"user","content":[{"type":"input_text","text":"and"},{"type":"input_text","text":"plain"}]}]}`, string(out))
}

func TestWhatTheProtocolLacksIsRefusedOrDropped(t *testing.T) {
	q := &canonical.Request{Origin: canonical.Chat, Stop: []string{"x"}}
	_, err := responses.Protocol.WriteRequest(q, &canonical.Options{Model: "m"})
	require.Equal(t, "stop", dcoder.AsError(err).Field)
	o := &canonical.Options{Model: "m", DropUnsupported: true}
	_, err = responses.Protocol.WriteRequest(q, o)
	require.NoError(t, err)
	require.Equal(t, []string{"stop"}, o.Dropped)
}

// TestSignedReasoningSurvivesATurn: what another provider signed comes back from
// a client that repeats the items of an answer.
func TestSignedReasoningSurvivesATurn(t *testing.T) {
	blocks := []canonical.Block{
		{Kind: canonical.Thinking, Text: "let me see", Signature: "EqQB+/=="},
		{Kind: canonical.Redacted, Signature: "ZW5j"},
		{Kind: canonical.Text, Text: "one moment"},
		{Kind: canonical.ToolUse, Signature: "gemini", Call: &canonical.Call{ID: "call_1", Name: "f", Arguments: json.RawMessage(`{"a":1}`)}},
	}
	a := &canonical.Reply{Origin: canonical.Messages, ID: "msg_1", Model: "m", Choices: []canonical.Answer{{Blocks: blocks, Stop: canonical.StopTools}}}
	raw, err := responses.Protocol.WriteReply(a, nil)
	require.NoError(t, err)
	var out struct {
		ID     string
		Output []json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &out))
	require.Equal(t, "resp_1", out.ID)
	require.Len(t, out.Output, 4)
	next, err := json.Marshal(map[string]any{"model": "m", "input": out.Output})
	require.NoError(t, err)
	q, err := responses.Protocol.ReadRequest(next)
	require.NoError(t, err)
	_, turns := q.Turns()
	require.Len(t, turns, 1)
	for i, want := range blocks {
		got := turns[0].Blocks[i]
		require.Equal(t, want.Kind, got.Kind)
		require.Equal(t, want.Text, got.Text)
		require.Equal(t, want.Signature, got.Signature)
	}
	require.Equal(t, "call_1", turns[0].Blocks[3].Call.ID)
	require.NotEmpty(t, callid.Prefix)
}

func FuzzReadRequest(f *testing.F) {
	for _, body := range everything {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := responses.Protocol.ReadRequest(body)
		if err != nil {
			if dcoder.AsError(err).Status != 400 {
				t.Fatalf("%v", err)
			}
			return
		}
		out, err := responses.Protocol.WriteRequest(q, &canonical.Options{Model: "m"})
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := responses.Protocol.ReadRequest(out); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
