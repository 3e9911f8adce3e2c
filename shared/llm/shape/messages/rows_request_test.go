package messages_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/anthropic"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
)

// row is one edge of the way from OpenAI's chat to Anthropic: what a client says
// and what Claude gets, or which field the client is told of.
type row struct {
	name    string
	model   string // default claude-sonnet-4-5
	in      string // members of the chat request, without model
	has     string // JSON of members that the request to Claude must have
	not     []string
	field   string // of the 400
	dropped []string
	drop    bool // the tenant lets go of what a model cannot do
}

const hi = `"messages":[{"role":"user","content":"hi"}]`

const weatherTool = `"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{}}}}]`

const calledOnce = `{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"weather","arguments":"{}"}}]}`

var rows = []row{
	{
		name: "1 system and developer messages are hoisted in order", in: `"messages":[{"role":"system","content":"A"},{"role":"user","content":"hi"},{"role":"developer","content":"B"}]`,
		has: `{"system":[{"type":"text","text":"A"},{"type":"text","text":"B"}],"messages":[{"role":"user","content":"hi"}]}`,
	},
	{
		name: "1 cache_control stays with its instruction", in: `"messages":[{"role":"system","content":[{"type":"text","text":"A","cache_control":{"type":"ephemeral","ttl":"1h"}}]},{"role":"user","content":"hi"}]`,
		has: `{"system":[{"type":"text","text":"A","cache_control":{"type":"ephemeral","ttl":"1h"}}]}`,
	},
	{
		name: "2 messages of one speaker are merged", in: `"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]`,
		has: `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}`,
	},
	{
		name: "3 a user begins", model: "claude-sonnet-4", in: `"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"b"}]`,
		has: `{"messages":[{"role":"user","content":"."},{"role":"assistant","content":"a"},{"role":"user","content":"b"}]}`,
	},
	{
		name: "3 also when only instructions were given", in: `"messages":[{"role":"system","content":"A"}]`,
		has: `{"messages":[{"role":"user","content":"."}]}`,
	},
	{
		name: "4 text of nothing is dropped, the call beside it stays", in: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":" \n","tool_calls":[{"id":"a","type":"function","function":{"name":"weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"x"}],` + weatherTool,
		has: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}]}`,
	},
	{
		name: "5 a prefill ends without white space", in: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"So: \n"}]`,
		has: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"So:"}]}`,
	},
	{name: "5 newer models take no prefill", model: "claude-opus-4-6", in: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"So:"}]`, field: "messages.1"},
	{
		name: "6 results in a row go into one message, before its text", in: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"weather","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"weather","arguments":"{}"}}]},{"role":"user","content":"and?"},{"role":"tool","tool_call_id":"b","content":"y"},{"role":"tool","tool_call_id":"a","content":"x"}],` + weatherTool,
		has: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"weather","input":{}},{"type":"tool_use","id":"b","name":"weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"y"},{"type":"tool_result","tool_use_id":"a","content":"x"},{"type":"text","text":"and?"}]}]}`,
	},
	{name: "7 a call without a result", in: `"messages":[` + calledOnce + `,{"role":"user","content":"so?"}],` + weatherTool, field: "messages.2"},
	{name: "7 a result without a call", in: `"messages":[{"role":"user","content":"hi"},{"role":"tool","tool_call_id":"z","content":"x"}]`, field: "messages.0"},
	{
		name: "10 no arguments are an empty object", in: `"messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"weather","arguments":""}}]},{"role":"tool","tool_call_id":"a","content":"x"}],` + weatherTool,
		has: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}]}`,
	},
	{name: "11 required", in: hi + `,"tool_choice":"required",` + weatherTool, has: `{"tool_choice":{"type":"any"}}`},
	{name: "11 named", in: hi + `,"tool_choice":{"type":"function","function":{"name":"weather"}},` + weatherTool, has: `{"tool_choice":{"type":"tool","name":"weather"}}`},
	{name: "11 none", in: hi + `,"tool_choice":"none",` + weatherTool, has: `{"tool_choice":{"type":"none"}}`},
	{name: "11 without tools nothing is sent", in: hi + `,"tool_choice":"auto"`, not: []string{"tool_choice", "tools"}},
	{name: "11 a model that cannot be forced", model: "claude-opus-5-5", in: hi + `,"tool_choice":"required",` + weatherTool, field: "tool_choice"},
	{name: "12 one call at a time", in: hi + `,"parallel_tool_calls":false,` + weatherTool, has: `{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`},
	{name: "13 max_tokens is the model's own when missing", in: hi, has: `{"max_tokens":64000}`},
	{name: "14 max_completion_tokens wins", in: hi + `,"max_tokens":5,"max_completion_tokens":9`, has: `{"max_tokens":9}`},
	{name: "16 one stop sequence", in: hi + `,"stop":"END"`, has: `{"stop_sequences":["END"]}`},
	{name: "16 white space is dropped", in: hi + `,"stop":["a"," \n"]`, has: `{"stop_sequences":["a"]}`, dropped: []string{"stop"}},
	{name: "17 temperature above 1", in: hi + `,"temperature":1.5`, field: "temperature"},
	{name: "17 temperature above 1, dropped", in: hi + `,"temperature":1.5`, drop: true, not: []string{"temperature"}, dropped: []string{"temperature"}},
	{name: "17 one of temperature and top_p", in: hi + `,"temperature":0.5,"top_p":0.9`, has: `{"temperature":0.5}`, not: []string{"top_p"}, dropped: []string{"top_p"}},
	{name: "17 no sampling on the newest", model: "claude-opus-4-7", in: hi + `,"temperature":0.5`, field: "temperature"},
	{name: "18 n", in: hi + `,"n":2`, field: "n"},
	{name: "18 seed", in: hi + `,"seed":7`, field: "seed"},
	{name: "18 logprobs", in: hi + `,"logprobs":true`, field: "logprobs"},
	{
		name: "18 penalties, dropped and named", in: hi + `,"frequency_penalty":0.5,"presence_penalty":1,"seed":1`, drop: true,
		not: []string{"frequency_penalty", "presence_penalty", "seed"}, dropped: []string{"seed", "frequency_penalty", "presence_penalty"},
	},
	{name: "18 what says nothing is nothing", in: hi + `,"n":1,"logprobs":false,"frequency_penalty":0`, not: []string{"n", "logprobs"}},
	{
		name: "19 a data URI", in: `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]`,
		has: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}`,
	},
	{
		name: "19 an address", in: `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/x.png","detail":"high"}}]}]`,
		has: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://a.example/x.png"}}]}]}`,
	},
	{
		name: "19 a PDF is a document", in: `"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQ="}}]}]`,
		has: `{"messages":[{"role":"user","content":[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0xLjQ="}}]}]}`,
	},
	{name: "19 sounds are refused", in: `"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}]`, field: "input_audio"},
	{
		name: "20 a schema", in: hi + `,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}}`,
		has: `{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}`,
	},
	{
		name: "20 a schema through a tool on older models", model: "claude-sonnet-4", in: hi + `,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}}`,
		has: `{"tool_choice":{"type":"tool","name":"` + messages.FormTool + `"}}`, not: []string{"output_config"},
	},
	{name: "20 a schema and tools on older models", model: "claude-sonnet-4", in: hi + `,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}},` + weatherTool, field: "response_format"},
	{name: "21 an effort is a budget", in: hi + `,"reasoning_effort":"low"`, has: `{"thinking":{"type":"enabled","budget_tokens":2048}}`},
	{name: "21 the budget leaves room", in: hi + `,"reasoning_effort":"high","max_tokens":2000`, has: `{"thinking":{"type":"enabled","budget_tokens":1500}}`},
	{name: "21 no room for a budget", in: hi + `,"reasoning_effort":"high","max_tokens":1000`, field: "reasoning_effort"},
	{
		name: "21 adaptive with an effort", model: "claude-opus-4-6", in: hi + `,"reasoning_effort":"minimal"`,
		has: `{"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"low"}}`,
	},
	{name: "21 a model that does not reason", model: "claude-3-5-haiku-latest", in: hi + `,"reasoning_effort":"low"`, field: "reasoning_effort"},
	{name: "21 off", in: hi + `,"reasoning_effort":"none"`, not: []string{"thinking"}},
	{name: "21 off where it is on by itself", model: "claude-opus-5", in: hi + `,"reasoning_effort":"none"`, has: `{"thinking":{"type":"disabled"}}`},
	{name: "21 off where it cannot be", model: "claude-fable-5", in: hi + `,"reasoning_effort":"none"`, field: "reasoning_effort"},
	{name: "21 temperature beside reasoning", in: hi + `,"reasoning_effort":"low","temperature":0.2`, field: "temperature"},
	{name: "24 user", in: hi + `,"user":"u-1"`, has: `{"metadata":{"user_id":"u-1"}}`},
	{name: "24 an e-mail address is hashed", in: hi + `,"user":"a@b.example"`, has: `{"metadata":{"user_id":"ebb18a030bf15174f5714e24d63af1a81355c951ea7389bd2a9bd18e3d0c2477"}}`},
}

func TestRowsOfRequestsToAnthropic(t *testing.T) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if r.model == "" {
				r.model = "claude-sonnet-4-5"
			}
			in, err := chat.Protocol.ReadRequest([]byte(`{"model":"m",` + r.in + `}`))
			var out []byte
			o := &canonical.Options{Model: r.model, Ability: anthropic.Ability(r.model), DropUnsupported: r.drop}
			if err == nil {
				out, err = messages.Protocol.WriteRequest(in, o)
			}
			if r.field != "" {
				require.Error(t, err, "%s", out)
				require.Equal(t, 400, dcoder.AsError(err).Status)
				require.Equal(t, r.field, dcoder.AsError(err).Field)
				return
			}
			require.NoError(t, err)
			require.Equal(t, r.dropped, o.Dropped)
			got := object(t, string(out))
			require.Equal(t, r.model, got["model"])
			if r.has != "" {
				for name, want := range object(t, r.has) {
					require.Equal(t, want, got[name], "%s of %s", name, out)
				}
			}
			for _, name := range r.not {
				require.NotContains(t, got, name)
			}
		})
	}
}

func object(t *testing.T, raw string) (m map[string]any) {
	require.NoError(t, json.Unmarshal([]byte(raw), &m), raw)
	return m
}
