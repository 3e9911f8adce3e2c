package generate_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
)

// studio says that a model is asked on AI Studio.
func studio(model string) *canonical.Options {
	return &canonical.Options{Model: model, Ability: google.Studio(model)}
}

func onVertex(model string) *canonical.Options {
	return &canonical.Options{Model: model, Ability: google.Vertex(model)}
}

// translate writes a chat request for a model.
func translate(t *testing.T, o *canonical.Options, body string) (string, error) {
	t.Helper()
	r, err := chat.Protocol.ReadRequest([]byte(body))
	require.NoError(t, err)
	out, err := generate.Protocol.WriteRequest(r, o)
	if err == nil {
		require.True(t, json.Valid(out), "%s", out)
	}
	return string(out), err
}

// rows are edge cases of requests; each states all of what must come out, or the
// field that is refused and a word of why.
func TestRequests(t *testing.T) {
	const (
		hi      = `{"role":"user","content":"hi"}`
		hiOut   = `{"role":"user","parts":[{"text":"hi"}]}`
		weather = `"tools":[{"type":"function","function":{"name":"weather","description":"Weather","parameters":{"type":"object","properties":{"at":{"type":"string"}},"required":["at"]}}}]`
		tools   = `"tools":[{"functionDeclarations":[{"name":"weather","description":"Weather","parameters":{"type":"OBJECT","properties":{"at":{"type":"STRING"}},"required":["at"]}}]}]`
		twoMade = `{"role":"assistant","content":null,"tool_calls":[` +
			`{"id":"a","type":"function","function":{"name":"add","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"mul","arguments":""}}]}`
		pixel = "data:image/png;base64,iVBORw0KGgo="
	)
	for name, c := range map[string]struct {
		o     *canonical.Options
		in    string
		out   string
		field string // refused
		says  string
		drops []string
	}{
		"row 3: the first message is the assistant's": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[{"role":"assistant","content":"hello"},` + hi + `]}`,
			out: `{"contents":[{"role":"user","parts":[{"text":"."}]},{"role":"model","parts":[{"text":"hello"}]},` + hiOut + `]}`,
		},
		"row 3: nothing but instructions": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[{"role":"system","content":"be kind"}]}`,
			out: `{"systemInstruction":{"role":"user","parts":[{"text":"be kind"}]},"contents":[{"role":"user","parts":[{"text":"."}]}]}`,
		},
		"row 4: empty texts": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[` + hi + `,{"role":"assistant","content":""},{"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"so?"}]}]}`,
			out: `{"contents":[` + hiOut + `,{"role":"user","parts":[{"text":"so?"}]}]}`,
		},
		"row 8, 28: results out of order, by name": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[` + hi + `,` + twoMade + `,{"role":"tool","tool_call_id":"b","content":"6"},{"role":"tool","tool_call_id":"a","content":"5"},{"role":"user","content":"and?"}]}`,
			out: `{"contents":[` + hiOut + `,{"role":"model","parts":[{"functionCall":{"id":"a","name":"add","args":{"x":1}}},{"functionCall":{"id":"b","name":"mul","args":{}}}]},
				{"role":"user","parts":[{"functionResponse":{"id":"a","name":"add","response":{"result":"5"}}},{"functionResponse":{"id":"b","name":"mul","response":{"result":"6"}}}]},
				{"role":"user","parts":[{"text":"and?"}]}]}`,
		},
		"row 7: a call without a result": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[` + hi + `,` + twoMade + `,{"role":"tool","tool_call_id":"b","content":"6"}]}`,
			field: "messages", says: "no result: a",
		},
		"row 28: a result of no call": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[` + hi + `,{"role":"tool","tool_call_id":"zzz","content":"6"}]}`,
			field: "messages", says: `"zzz"`,
		},
		"row 12: one call at a time cannot be had": {
			o: studio("gemini-2.5-flash"), in: `{"parallel_tool_calls":false,` + weather + `,"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],` + tools + `}`, drops: []string{"parallel_tool_calls"},
		},
		"row 11: a named tool": {
			o: studio("gemini-2.5-flash"), in: `{"tool_choice":{"type":"function","function":{"name":"weather"}},` + weather + `,"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],` + tools + `,"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["weather"]}}}`,
		},
		"row 11: required": {
			o: studio("gemini-2.5-flash"), in: `{"tool_choice":"required",` + weather + `,"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],` + tools + `,"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}`,
		},
		"row 11: a choice without tools": {
			o: studio("gemini-2.5-flash"), in: `{"tool_choice":"auto","messages":[` + hi + `]}`, out: `{"contents":[` + hiOut + `]}`,
		},
		"row 16: five stop sequences": {
			o: studio("gemini-2.5-flash"), in: `{"stop":["1","2","3","4","5"],"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"stopSequences":["1","2","3","4","5"]}}`,
		},
		"row 16: six stop sequences": {
			o: studio("gemini-2.5-flash"), in: `{"stop":["1","2","3","4","5","6"],"messages":[` + hi + `]}`, field: "stop", says: "at most 5",
		},
		"row 18: n, seed and penalties are understood": {
			o: studio("gemini-2.5-flash"), in: `{"n":2,"seed":7,"presence_penalty":0.5,"frequency_penalty":-1,"temperature":0.25,"top_p":0.5,"max_tokens":9,"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"candidateCount":2,"seed":7,"presencePenalty":0.5,"frequencyPenalty":-1,"temperature":0.25,"topP":0.5,"maxOutputTokens":9}}`,
		},
		"row 18: logit_bias is not": {
			o: studio("gemini-2.5-flash"), in: `{"logit_bias":{"50256":-100},"messages":[` + hi + `]}`, field: "logit_bias", says: "gemini-2.5-flash",
		},
		"row 18: log probabilities are Vertex's": {
			o: onVertex("gemini-2.5-flash"), in: `{"logprobs":true,"top_logprobs":3,"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"responseLogprobs":true,"logprobs":3}}`,
		},
		"row 18: log probabilities are not AI Studio's": {
			o: studio("gemini-2.5-flash"), in: `{"logprobs":true,"messages":[` + hi + `]}`, field: "logprobs", says: "log probabilities",
		},
		"row 18: what is not understood is dropped by policy": {
			o:   &canonical.Options{Model: "gemini-2.5-flash", Ability: google.Studio("gemini-2.5-flash"), DropUnsupported: true},
			in:  `{"logprobs":true,"logit_bias":{"1":2},"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `]}`, drops: []string{"logprobs", "logit_bias"},
		},
		"row 19: pictures, their detail, documents": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"` + pixel + `","detail":"high"}},
				{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}]}`,
			out: `{"contents":[{"role":"user","parts":[{"text":"what?"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}},
				{"inlineData":{"mimeType":"application/pdf","data":"JVBERi0="}},{"inlineData":{"mimeType":"audio/wav","data":"UklGRg=="}}]}],"generationConfig":{"mediaResolution":"MEDIA_RESOLUTION_HIGH"}}`,
		},
		"row 20: an answer by a schema": {
			o: studio("gemini-2.5-flash"), in: `{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","additionalProperties":false}}},"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","additionalProperties":false}}}`,
		},
		"row 20: an answer by a schema, of a model that knows only Google's": {
			o: studio("gemini-1.5-flash"), in: `{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"type":["string","null"]}},"additionalProperties":false}}},"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}}`,
		},
		"row 20: any JSON": {
			o: studio("gemini-2.5-flash"), in: `{"response_format":{"type":"json_object"},"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"responseMimeType":"application/json"}}`,
		},
		"row 21: an effort becomes a budget": {
			o: studio("gemini-2.5-flash"), in: `{"reasoning_effort":"medium","messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingBudget":8192}}}`,
		},
		"row 21: an effort becomes a level": {
			o: studio("gemini-3-pro-preview"), in: `{"reasoning_effort":"medium","messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"HIGH"}}}`,
		},
		"row 21: no reasoning": {
			o: studio("gemini-2.5-flash"), in: `{"reasoning_effort":"none","messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`,
		},
		"row 21: no reasoning, of a model that always reasons": {
			o: studio("gemini-2.5-pro"), in: `{"reasoning_effort":"none","messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"generationConfig":{"thinkingConfig":{"thinkingBudget":128}}}`,
		},
		"row 21: reasoning of a model that has none": {
			o: studio("gemini-2.0-flash"), in: `{"reasoning_effort":"low","messages":[` + hi + `]}`, field: "reasoning_effort", says: "does not reason",
		},
		"row 27: a result that looks like a reference": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[` + hi + `,{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"{\"$ref\":\"#/x\"}"}]}`,
			out: `{"contents":[` + hiOut + `,{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"result":"{\"$ref\":\"#/x\"}"}}}]}]}`,
		},
		"row 29: Vertex takes no ids": {
			o: onVertex("gemini-2.5-flash"), in: `{"messages":[` + hi + `,{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}]}`,
			out: `{"contents":[` + hiOut + `,{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"1"}}}]}]}`,
		},
		"row 30: calls of another model's history": {
			o: studio("gemini-3-pro-preview"), in: `{"messages":[` + hi + `,` + twoMade + `,{"role":"tool","tool_call_id":"a","content":"5"},{"role":"tool","tool_call_id":"b","content":"6"}]}`,
			out: `{"contents":[` + hiOut + `,{"role":"model","parts":[{"functionCall":{"id":"a","name":"add","args":{"x":1}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"id":"b","name":"mul","args":{}}}]},
				{"role":"user","parts":[{"functionResponse":{"id":"a","name":"add","response":{"result":"5"}}},{"functionResponse":{"id":"b","name":"mul","response":{"result":"6"}}}]}]}`,
		},
		"row 30: a signature beside the call, url-safe": {
			o: studio("gemini-3-pro-preview"), in: `{"messages":[` + hi + `,{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"ab-_"}}}]},{"role":"tool","tool_call_id":"a","content":"1"}]}`,
			out: `{"contents":[` + hiOut + `,{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"ab-_"}]},{"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"result":"1"}}}]}]}`,
		},
		"row 31: a picture of the web that nobody fetched": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}`, field: "messages", says: "data: URI",
		},
		"row 31: gs:// by its extension": {
			o: onVertex("gemini-2.5-flash"), in: `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"gs://bucket/a.PNG"}}]}]}`,
			out: `{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://bucket/a.PNG"}}]}]}`,
		},
		"row 31: gs:// without an extension": {
			o: onVertex("gemini-2.5-flash"), in: `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"gs://bucket/a"}}]}]}`, field: "messages", says: "media type",
		},
		"row 32: tools and a schema at once": {
			o: studio("gemini-2.5-flash"), in: `{"response_format":{"type":"json_object"},` + weather + `,"messages":[` + hi + `]}`, field: "response_format", says: "at once",
		},
		"row 32: tools and a schema at once, of newer models": {
			o: studio("gemini-3-pro-preview"), in: `{"response_format":{"type":"json_object"},` + weather + `,"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],` + tools + `,"generationConfig":{"responseMimeType":"application/json"}}`,
		},
		"a turn of the model's at the end": {
			o: studio("gemini-3.5-flash"), in: `{"messages":[` + hi + `,{"role":"assistant","content":"Well,"}]}`, field: "messages", says: "the last message",
		},
		"a failed result, a refusal and reasoning in the history": {
			o: studio("gemini-2.5-flash"), in: `{"messages":[` + hi + `,{"role":"assistant","content":null,"refusal":"no","reasoning_content":"hm"},{"role":"user","content":"ok"}]}`,
			out: `{"contents":[` + hiOut + `,{"role":"model","parts":[{"text":"no"}]},{"role":"user","parts":[{"text":"ok"}]}]}`,
		},
		"a tool without parameters": {
			o: studio("gemini-2.5-flash"), in: `{"tools":[{"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}}],"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"tools":[{"functionDeclarations":[{"name":"now"}]}]}`,
		},
		"row 25: a tool whose schema refers to itself": {
			o:   studio("gemini-2.5-flash"),
			in:  `{"tools":[{"type":"function","function":{"name":"tree","parameters":{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/n"}}}}}}}}],"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"tools":[{"functionDeclarations":[{"name":"tree","parametersJsonSchema":{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/n"}}}}}}}]}]}`,
		},
		"row 25: the same, of a model that knows only Google's schemas": {
			o:   studio("gemini-1.5-pro"),
			in:  `{"tools":[{"type":"function","function":{"name":"tree","parameters":{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/n"}}}}}}}}],"messages":[` + hi + `]}`,
			out: `{"contents":[` + hiOut + `],"tools":[{"functionDeclarations":[{"name":"tree","parameters":{"type":"OBJECT","properties":{"kids":{"type":"ARRAY","items":{"type":"OBJECT"}}}}}]}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := translate(t, c.o, `{"model":"m",`+c.in[1:])
			if c.field != "" {
				e := dcoder.AsError(err)
				require.Error(t, err, "%s", out)
				require.Equal(t, 400, e.Status)
				require.Equal(t, c.field, e.Field)
				require.Contains(t, e.Message, c.says)
				return
			}
			require.NoError(t, err)
			require.JSONEq(t, c.out, out)
			require.Equal(t, c.drops, c.o.Dropped)
		})
	}
}
