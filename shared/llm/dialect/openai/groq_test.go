package openai_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
)

const groqStream = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"q","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"x_groq":{"id":"req_1"}}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"q","choices":[{"index":0,"delta":{"reasoning" : "a \"reasoning\" b","channel":"analysis"},"finish_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"q","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"q","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}

data: [DONE]

`

const groqWhole = `{"id":"1","choices":[{"index":0,"message":{"role":"assistant","reasoning":"hm","content":"hi"},"finish_reason":"stop"},` +
	`{"index":1,"message":{"role":"assistant","content":"the \"reasoning\" word","reasoning":"hm2"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}`

// groqCall asks Groq over the chat route.
func groqCall(model, rest string) call {
	return call{"groq", llm.Chat, model, `{"model":"x","messages":[{"role":"user","content":"hi"}]` + rest + `}`, false}
}

func TestEdge34ReasoningIsAskedForApartAndRenamed(t *testing.T) {
	p := serve(t, said(asSSE, groqStream))
	a := p.must(groqCall("qwen/qwen3-32b", `,"stream":true`))
	require.JSONEq(t, `{"model":"qwen/qwen3-32b","messages":[{"role":"user","content":"hi"}],"stream":true,"reasoning_format":"parsed"}`, string(p.body))
	s := chattest.ValidStream(t, a.raw, chattest.Expect{Native: true})
	require.Equal(t, `a "reasoning" b`, s.Answers[0].Reasoning)
	require.Equal(t, "hi", s.Answers[0].Content)
	require.EqualValues(t, 4, a.usage.Tokens.Output)
	require.Equal(t, strings.ReplaceAll(groqStream, `"reasoning" :`, `"reasoning_content" :`), string(a.raw), "nothing else was touched")
}

func TestEdge34WholeAnswers(t *testing.T) {
	a := serve(t, said(asJSON, groqWhole)).must(groqCall("openai/gpt-oss-20b", ""))
	want := strings.ReplaceAll(groqWhole, `"reasoning":`, `"reasoning_content":`)
	require.Equal(t, want, string(a.raw), "byte for byte")
}

func TestEdge34WhatTheClientSaysOfReasoningStays(t *testing.T) {
	p := serve(t, said(asJSON, groqWhole))
	for _, rest := range []string{`,"reasoning_format":"hidden"`, `,"include_reasoning":false`} {
		c := groqCall("qwen/qwen3-32b", rest)
		p.must(c)
		require.Equal(t, strings.Replace(c.body, `"x"`, `"qwen/qwen3-32b"`, 1), string(p.body))
	}
	c := groqCall("openai/gpt-oss-20b", "")
	p.must(c)
	require.NotContains(t, string(p.body), "reasoning_format", "it always parses")
}

func TestEdge34ReasoningOfThePastIsNotSent(t *testing.T) {
	p := serve(t, said(asJSON, groqWhole))
	a := p.must(call{"groq", llm.Chat, "qwen/qwen3-32b", `{"model":"x","messages":[{"role":"user","content":"hi"},
		{"role":"assistant","content":"so","reasoning_content":"secret thoughts"},{"role":"user","content":"and?"}]}`, false})
	require.NotContains(t, string(p.body), "secret thoughts")
	require.Contains(t, string(p.body), `"reasoning_format":"parsed"`)
	require.Contains(t, string(a.raw), `"reasoning_content":"hm"`)
}

func TestEdge35SchemasAreTakenBackToJSON(t *testing.T) {
	const format = `,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","title":"Boat"}}}`
	p := serve(t, said(asJSON, groqWhole))
	p.must(groqCall("llama-3.3-70b-versatile", format))
	var sent struct {
		Messages []struct{ Role, Content string }
		Format   map[string]any `json:"response_format"`
	}
	require.NoError(t, json.Unmarshal(p.body, &sent))
	require.Equal(t, map[string]any{"type": "json_object"}, sent.Format)
	require.Equal(t, "system", sent.Messages[0].Role)
	require.Contains(t, sent.Messages[0].Content, `"title":"Boat"`)

	c := groqCall("openai/gpt-oss-20b", format)
	p.must(c)
	require.Equal(t, strings.Replace(c.body, `"x"`, `"openai/gpt-oss-20b"`, 1), string(p.body), "it knows schemas")

	const tools = `,"tools":[{"type":"function","function":{"name":"f"}}]`
	c = groqCall("openai/gpt-oss-20b", format+tools)
	require.Equal(t, "response_format", p.refused(c).Field)
	c.drop = true
	require.Equal(t, []string{"response_format"}, p.must(c).dropped)
}

func TestEdge36WhatGroqDoesNotKnow(t *testing.T) {
	p := serve(t, said(asJSON, groqWhole))
	for name, rest := range map[string]string{
		"logprobs": `,"logprobs":true`, "logit_bias": `,"logit_bias":{"1":2}`, "n": `,"n":2`, "top_logprobs": `,"top_logprobs":2`,
	} {
		c := groqCall("llama-3.1-8b-instant", rest)
		require.Equal(t, name, p.refused(c).Field)
		c.drop = true
		require.Equal(t, []string{name}, p.must(c).dropped)
		require.NotContains(t, string(p.body), name+`"`)
	}
	c := call{"groq", llm.Chat, "llama-3.1-8b-instant", `{"model":"x","messages":[{"role":"user","name":"me","content":"hi"}]}`, false}
	require.Equal(t, "messages[0].name", p.refused(c).Field)
	c.drop = true
	require.Equal(t, []string{"messages[0].name"}, p.must(c).dropped)
	require.NotContains(t, string(p.body), `"name"`)
}

func TestEdge48GroqsErrorEvent(t *testing.T) {
	p := serve(t, said(asSSE, "event: error\ndata: {\"error\":{\"message\":\"Failed to call a function\",\"type\":\"invalid_request_error\",\"code\":\"tool_use_failed\",\"failed_generation\":\"x\"}}\n\n"))
	for _, kind := range []llm.Kind{llm.Chat, llm.Message} {
		body := map[llm.Kind]string{llm.Chat: groqCall("", `,"stream":true`).body, llm.Message: asksMessages + `,"stream":true}`}[kind]
		e := p.refused(call{"groq", kind, "llama-3.1-8b-instant", body, false})
		require.Equal(t, 400, e.Status)
		require.Equal(t, "tool_use_failed", e.Code)
	}
}

func TestGroqsReasoningInOtherShapes(t *testing.T) {
	a := serve(t, said(asSSE, groqStream)).must(call{"groq", llm.Message, "qwen/qwen3-32b", asksMessages + `,"stream":true}`, false})
	messagestest.ValidStream(t, a.raw, messagestest.Expect{})
	require.Contains(t, string(a.raw), "thinking_delta")
	require.EqualValues(t, 4, a.usage.Tokens.Output)
}

func TestEffortsThatAreASwitch(t *testing.T) {
	p := serve(t, said(asJSON, groqWhole))
	thinks := func(how string) string {
		p.must(call{"groq", llm.Message, "qwen/qwen3-32b", asksMessages + `,"thinking":` + how + `}`, false})
		var sent map[string]any
		require.NoError(t, json.Unmarshal(p.body, &sent))
		word, _ := sent["reasoning_effort"].(string)
		return word
	}
	require.Equal(t, "none", thinks(`{"type":"disabled"}`))
	require.Empty(t, thinks(`{"type":"enabled","budget_tokens":2000}`))
}
