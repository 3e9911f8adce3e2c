package openai_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses/responsestest"
)

const (
	asksMessages  = `{"model":"x","max_tokens":50,"system":"Be brief.","messages":[{"role":"user","content":"hello"}]`
	asksResponses = `{"model":"x","input":"hello"`
)

func TestEveryShapeIsAnsweredWhole(t *testing.T) {
	for _, dialect := range []string{"openai", "groq"} {
		model := map[string]string{"openai": "gpt-4o-mini", "groq": "llama-3.1-8b-instant"}[dialect]
		t.Run(dialect, func(t *testing.T) {
			p := serve(t, nil)
			a := p.must(call{dialect, llm.Message, model, asksMessages + "}", false})
			var m struct {
				Type       string
				Content    []struct{ Type, Text string }
				StopReason string `json:"stop_reason"`
				Usage      struct {
					Output int64 `json:"output_tokens"`
				}
			}
			require.NoError(t, json.Unmarshal(a.raw, &m))
			require.Equal(t, "message", m.Type)
			require.NotEmpty(t, m.Content[0].Text)
			require.Equal(t, a.usage.Tokens.Output, m.Usage.Output)
			require.True(t, a.usage.Reported)

			a = p.must(call{dialect, llm.Response, model, asksResponses + "}", false})
			var r struct{ Object, Status string }
			require.NoError(t, json.Unmarshal(a.raw, &r))
			require.Equal(t, "response", r.Object)
			require.Equal(t, "completed", r.Status)
			require.True(t, a.usage.Reported)
			require.Positive(t, a.usage.Tokens.Output)
		})
	}
}

func TestEveryShapeIsStreamed(t *testing.T) {
	for _, dialect := range []string{"openai", "groq"} {
		model := map[string]string{"openai": "gpt-4o-mini", "groq": "llama-3.1-8b-instant"}[dialect]
		t.Run(dialect, func(t *testing.T) {
			p := serve(t, nil)
			a := p.must(call{dialect, llm.Message, model, asksMessages + `,"stream":true}`, false})
			messagestest.ValidStream(t, a.raw, messagestest.Expect{})
			require.True(t, a.last)
			require.True(t, a.usage.Reported)

			a = p.must(call{dialect, llm.Response, model, asksResponses + `,"stream":true}`, false})
			seen, err := responsestest.Check(a.raw)
			require.NoError(t, err)
			require.Equal(t, "completed", seen.Status)
			require.True(t, a.last)
			require.True(t, a.usage.Reported)
			require.Positive(t, a.usage.Tokens.Output)
		})
	}
}

func TestResponsesPassThroughToOpenAI(t *testing.T) {
	p := serve(t, nil)
	c := call{"openai", llm.Response, "gpt-4o-mini", asksResponses + `,"unheard_of":[1, 2]}`, false}
	p.must(c)
	require.Equal(t, "/v1/responses", p.path)
	require.Equal(t, strings.Replace(c.body, `"x"`, `"gpt-4o-mini"`, 1), string(p.body))
	p.must(call{"openai", llm.Response, "gpt-4o-mini", asksResponses + `,"stream":true}`, false})
	require.NotContains(t, string(p.body), "include_usage")
}

func TestAServerWithoutResponsesIsAskedOverChat(t *testing.T) {
	sim := serve(t, nil)
	p := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/responses" {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, sim.url+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	a := p.must(call{"openai", llm.Response, "gpt-4o-mini", asksResponses + "}", false})
	require.Contains(t, string(a.raw), `"object":"response"`)
	require.Equal(t, "/v1/chat/completions", p.path)

	gone := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"error":{"message":"The model x does not exist","type":"invalid_request_error","code":"model_not_found"}}`))
	}))
	require.Equal(t, "model_not_found", gone.refused(call{"openai", llm.Response, "x", asksResponses + "}", false}).Code)
	require.Equal(t, 1, gone.calls)
}

func TestUsageOfResponses(t *testing.T) {
	const usage = `"usage":{"input_tokens":30,"input_tokens_details":{"cached_tokens":20},"output_tokens":12,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":42}`
	body := `{"id":"resp_1","object":"response","status":"completed","error":null,"output":[],` + usage + `}`
	stream := func(event string) string {
		return "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\n\n" +
			"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\n" +
			"event: " + event + "\ndata: {\"type\":\"" + event + "\",\"response\":" + body + "}\n\n"
	}
	for name, p := range map[string]*provider{
		"whole":      serve(t, said(asJSON, body)),
		"completed":  serve(t, said(asSSE, stream("response.completed"))),
		"incomplete": serve(t, said(asSSE, stream("response.incomplete"))),
	} {
		t.Run(name, func(t *testing.T) {
			more := "}"
			if name != "whole" {
				more = `,"stream":true}`
			}
			a := p.must(call{"openai", llm.Response, "gpt-5", asksResponses + more, false})
			require.True(t, a.usage.Reported)
			require.EqualValues(t, 30, a.usage.Tokens.Input)
			require.EqualValues(t, 20, a.usage.Tokens.CachedInput)
			require.EqualValues(t, 12, a.usage.Tokens.Output)
			require.EqualValues(t, 5, a.usage.Tokens.Reasoning)
		})
	}
}

func TestErrorsInsideOfStreamedResponses(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		status int
	}{
		"error":  {"event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}\n\n", 429},
		"failed": {"event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\",\"message\":\"slow\"}}}\n\n", 502},
		"cut":    {"event: response.created\ndata: {\"type\":\"response.created\",\"response\":{}}\n\n", 502},
	} {
		e := serve(t, said(asSSE, c.stream)).refused(call{"openai", llm.Response, "gpt-5", asksResponses + `,"stream":true}`, false})
		require.Equal(t, c.status, e.Status, name)
		if name != "cut" {
			require.Equal(t, "slow", e.Message)
		}
	}
}

func TestIDsThatCarrySomethingAreUnpackedForOpenAI(t *testing.T) {
	id := callid.Pack("toolu_1", "c2lnbmF0dXJl")
	p := serve(t, nil)
	a := p.must(call{"openai", llm.Chat, "gpt-4o-mini", `{"model":"x","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"},
		{"role":"assistant","content":"so","reasoning_content":"hm","tool_calls":[{"id":"` + id + `","type":"function","function":{"name":"f","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"` + id + `","content":"r"}]}`, false})
	require.NotContains(t, string(p.body), callid.Prefix)
	require.NotContains(t, string(p.body), "reasoning_content")
	require.Contains(t, string(p.body), `"tool_call_id":"toolu_1"`)
	chattest.ValidStream(t, a.raw, chattest.Expect{Usage: true})
}

func TestModelsThatReason(t *testing.T) {
	p := serve(t, said(asJSON, `{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}`))
	ask := call{"openai", llm.Message, "gpt-5-mini", `{"model":"x","max_tokens":3000,"temperature":0.5,"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"hi"}]}`, false}
	require.Equal(t, "temperature", p.refused(ask).Field)
	ask.drop = true
	a := p.must(ask)
	require.Equal(t, []string{"temperature"}, a.dropped)
	var sent map[string]any
	require.NoError(t, json.Unmarshal(p.body, &sent))
	require.Equal(t, "low", sent["reasoning_effort"])
	require.EqualValues(t, 3000, sent["max_completion_tokens"])
	require.NotContains(t, sent, "max_tokens")
	ask.model = "gpt-4o"
	require.Contains(t, p.must(ask).dropped, "thinking")
	ask.drop = false
	require.Equal(t, "thinking", p.refused(ask).Field)
}

func TestErrorsOfTranslatedCalls(t *testing.T) {
	for status, want := range map[int]int{401: 502, 403: 502, 429: 429, 400: 400, 500: 502, 503: 503} {
		p := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"error":{"message":"no for sk-secret","type":"some_error","code":null}}`))
		}))
		e := p.refused(call{"openai", llm.Message, "gpt-4o", asksMessages + "}", false})
		require.Equal(t, want, e.Status)
		require.NotContains(t, e.Message, "sk-secret")
		require.EqualValues(t, 7e9, e.RetryAfter)
	}
}

func TestGroqMakesNoEmbeddings(t *testing.T) {
	p := serve(t, nil)
	e := p.refused(call{"groq", llm.Embedding, "llama-3.1-8b-instant", `{"model":"llama-3.1-8b-instant","input":"x"}`, false})
	require.Equal(t, http.StatusBadRequest, e.Status)
	require.Equal(t, "model", e.Field)
	require.Contains(t, e.Message, "llama-3.1-8b-instant")
	require.Zero(t, p.calls)
}
