package generate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
)

func replyOf(t *testing.T, body string) *canonical.Reply {
	t.Helper()
	a, err := generate.Protocol.ReadReply([]byte(body))
	require.NoError(t, err)
	return a
}

// asChat writes an answer for a chat client.
func asChat(t *testing.T, a *canonical.Reply) map[string]any {
	t.Helper()
	raw, err := chat.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Chat})
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

// TestRow38 holds every reason of an end to the five words that OpenAI has.
func TestRow38ReasonsOfAnEnd(t *testing.T) {
	for finish, want := range map[string]string{
		"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter", "BLOCKLIST": "content_filter",
		"PROHIBITED_CONTENT": "content_filter", "SPII": "content_filter", "LANGUAGE": "content_filter", "IMAGE_SAFETY": "content_filter",
		"MALFORMED_FUNCTION_CALL": "stop", "OTHER": "stop", "UNEXPECTED_TOOL_CALL": "stop", "A_REASON_OF_2031": "stop",
	} {
		a := replyOf(t, `{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"`+finish+`"}],"responseId":"r"}`)
		require.Equal(t, finish, a.Choices[0].Native)
		choice := asChat(t, a)["choices"].([]any)[0].(map[string]any)
		require.Equal(t, want, choice["finish_reason"], finish)
	}
	called := `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"responseId":"r"}`
	require.Equal(t, canonical.StopTools, replyOf(t, called).Choices[0].Stop)
	require.Equal(t, canonical.StopLength, replyOf(t, strings.Replace(called, "STOP", "MAX_TOKENS", 1)).Choices[0].Stop)
}

func TestRow38TheEndOfACallComesInALaterEvent(t *testing.T) {
	events := readStream(t, stream(
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1},"id":"x1"},"thoughtSignature":"c2ln"}]},"index":0}],"responseId":"r"}`,
		`{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2},"responseId":"r"}`,
	))
	requireOrder(t, events)
	require.Equal(t, canonical.StopTools, events[len(events)-3].Stop)
	require.Equal(t, "c2ln", events[1].Block.Signature)
	a := chattest.ValidStream(t, chatStream(events), chattest.Expect{}).Answers[0]
	require.Len(t, a.Calls, 1)
	require.Equal(t, "f", a.Calls[0].Name)
	require.JSONEq(t, `{"a":1}`, a.Calls[0].Arguments)
}

func TestRow39APromptIsBlocked(t *testing.T) {
	const blocked = `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"m","responseId":"r"}`
	a := replyOf(t, blocked)
	require.EqualValues(t, 9, a.Usage.Input)
	choice := asChat(t, a)["choices"].([]any)[0].(map[string]any)
	require.Equal(t, "content_filter", choice["finish_reason"])
	require.Contains(t, choice["message"].(map[string]any)["refusal"], "PROHIBITED_CONTENT")
	out, err := generate.Protocol.WriteReply(a, nil)
	require.NoError(t, err)
	require.JSONEq(t, blocked, string(out))

	events := readStream(t, stream(blocked))
	requireOrder(t, events)
	chattest.ValidStream(t, chatStream(events), chattest.Expect{})
	require.Equal(t, canonical.StopFilter, events[len(events)-3].Stop)
	require.Equal(t, "PROHIBITED_CONTENT", events[len(events)-3].Native)
}

func TestRow40AllTokensWentIntoThoughts(t *testing.T) {
	for _, content := range []string{`"content":{"role":"model"},`, `"content":{},`, ``} {
		a := replyOf(t, `{"candidates":[{`+content+`"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":5,"thoughtsTokenCount":64,"totalTokenCount":69},"responseId":"r"}`)
		require.EqualValues(t, 64, a.Usage.Reasoning)
		require.EqualValues(t, 64, a.Usage.Output)
		choice := asChat(t, a)["choices"].([]any)[0].(map[string]any)
		require.Equal(t, "length", choice["finish_reason"])
		require.Equal(t, any(""), choice["message"].(map[string]any)["content"], "%q", content)
	}
}

func TestRow41Usage(t *testing.T) {
	a := replyOf(t, `{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{
		"promptTokenCount":100,"toolUsePromptTokenCount":20,"cachedContentTokenCount":60,"candidatesTokenCount":30,"thoughtsTokenCount":12,
		"promptTokensDetails":[{"modality":"TEXT","tokenCount":90},{"modality":"AUDIO","tokenCount":10}],
		"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":4}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":25}]}}`)
	require.Equal(t, dcoder.Tokens{
		Input: 120, Output: 42, Reasoning: 12, CachedInput: 60, AudioInput: 10, CachedAudio: 4, ImageOutput: 25,
	}, a.Usage.Tokens)
}

// TestRow43 is the recorded case: the prompt's count jumps in the last event.
func TestRow43UsageIsToldOnceFromTheLastEvent(t *testing.T) {
	usage := func(n string) string {
		return `{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":0%s}],"usageMetadata":{"promptTokenCount":` + n + `,"candidatesTokenCount":1},"responseId":"r"}`
	}
	events := readStream(t, stream(
		strings.Replace(usage("55"), "%s", "", 1), strings.Replace(usage("55"), "%s", "", 1), strings.Replace(usage("165"), "%s", `,"finishReason":"STOP"`, 1)))
	var told []int64
	for _, e := range events {
		if e.Kind == canonical.EventUsage {
			told = append(told, e.Usage.Input)
		}
	}
	require.Equal(t, []int64{165}, told)
}

func TestRow44ACallWithoutArguments(t *testing.T) {
	for _, call := range []string{`{"name":"f"}`, `{"name":"f","args":{}}`, `{"name":"f","args":null}`} {
		events := readStream(t, stream(`{"candidates":[{"content":{"parts":[{"text":"so "},{"functionCall":`+call+`},{"functionCall":`+call+`}]},"finishReason":"STOP"}],"responseId":"r"}`))
		requireOrder(t, events)
		a := chattest.ValidStream(t, chatStream(events), chattest.Expect{}).Answers[0]
		require.Len(t, a.Calls, 2)
		require.Equal(t, "{}", a.Calls[1].Arguments)
		require.NotEqual(t, a.Calls[0].ID, a.Calls[1].ID, "ids are made up where there are none")
	}
}

// TestRow46 reads the same stream however its bytes are framed.
func TestRow46Framing(t *testing.T) {
	const event = `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"responseId":"r"}`
	want := readStream(t, stream(event))
	for _, raw := range []string{
		"data: " + event + "\n\n", "data:" + event + "\r\n\r\n", "data: " + event + "\r\r", "\xef\xbb\xbfdata: " + event + "\n\n",
		": hello\n\ndata: " + event + "\n\n: bye\n\n", "data: " + strings.Replace(event, ",", ",\ndata: ", 1) + "\n\n",
	} {
		require.Equal(t, want, readStream(t, []byte(raw)), "%q", raw)
	}
}

func TestRow47AStreamThatBreaksOffHasNoEnd(t *testing.T) {
	for name, raw := range map[string][]byte{
		"nothing":                   nil,
		"no reason of an end":       stream(`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":1},"responseId":"r"}`),
		"one of two did not end":    stream(`{"candidates":[{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"b"}]}}],"responseId":"r"}`),
		"an error inside":           stream(`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"responseId":"r"}`, `{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}`),
		"neither answer nor reason": stream(`{"usageMetadata":{"promptTokenCount":1}}`),
	} {
		for _, e := range readStream(t, raw) {
			require.NotEqual(t, canonical.EventEnd, e.Kind, name)
			require.NotEqual(t, canonical.EventStop, e.Kind, name)
		}
	}
}

func TestRow50TextAroundCalls(t *testing.T) {
	const body = `{"candidates":[{"content":{"parts":[{"text":"why","thought":true},{"text":"a "},{"functionCall":{"name":"f","args":{"n":1}}},{"text":"b"},{"functionCall":{"name":"g","args":{"n":2}}}]},"finishReason":"STOP"}],"responseId":"r"}`
	whole := asChat(t, replyOf(t, body))["choices"].([]any)[0].(map[string]any)["message"].(map[string]any)
	require.Equal(t, "a b", whole["content"])
	require.Equal(t, "why", whole["reasoning_content"])
	require.Len(t, whole["tool_calls"], 2)
	events := readStream(t, stream(body))
	requireOrder(t, events)
	a := chattest.ValidStream(t, chatStream(events), chattest.Expect{}).Answers[0]
	require.Equal(t, "a b", a.Content)
	require.Equal(t, "g", a.Calls[1].Name)
}

func TestCandidatesOfAStreamMix(t *testing.T) {
	events := readStream(t, stream(
		`{"candidates":[{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"responseId":"r"}`,
		`{"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2},"responseId":"r"}`,
	))
	requireOrder(t, events)
	s := chattest.ValidStream(t, chatStream(events), chattest.Expect{Answers: 2})
	require.Equal(t, "a", s.Answers[0].Content)
	require.Equal(t, "b", s.Answers[1].Content)
}

func TestASignatureAtTheEndOfAText(t *testing.T) {
	events := readStream(t, stream(
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"responseId":"r"}`,
		`{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"c2ln"}]},"finishReason":"STOP"}],"responseId":"r"}`,
	))
	requireOrder(t, events)
	var acc canonical.Accumulator
	for i := range events {
		acc.Add(&events[i])
	}
	require.Equal(t, []canonical.Block{{Kind: canonical.Text, Text: "a", Signature: "c2ln"}}, acc.Reply().Choices[0].Blocks)
}

func TestErrors(t *testing.T) {
	p, ok := generate.Protocol.ReadError(429, []byte(`[{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED","details":[
		{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED"},
		{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents"}]},
		{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}}]`))
	require.True(t, ok)
	require.Equal(t, canonical.Problem{
		Status: 429, Type: "RESOURCE_EXHAUSTED", Code: "RATE_LIMIT_EXCEEDED", Message: "slow down", Param: "contents", After: 1_500_000_000,
	}, p)
	for _, none := range []string{"", "<html>", "{}", "[]", `{"error":"x"}`, `"x"`, "null"} {
		_, ok := generate.Protocol.ReadError(500, []byte(none))
		require.False(t, ok, none)
	}
}

func TestLogProbs(t *testing.T) {
	a := replyOf(t, `{"candidates":[{"content":{"parts":[{"text":"é"}]},"finishReason":"STOP","logprobsResult":{
		"chosenCandidates":[{"token":"é","tokenId":7,"logProbability":-0.25}],"topCandidates":[{"candidates":[{"token":"é","logProbability":-0.25},{"token":"e","logProbability":-2}]}]}}]}`)
	require.JSONEq(t, `{"content":[{"token":"é","logprob":-0.25,"bytes":[195,169],"top_logprobs":[
		{"token":"é","logprob":-0.25,"bytes":[195,169]},{"token":"e","logprob":-2,"bytes":[101]}]}]}`, string(a.Choices[0].LogProbs))
}

// stream writes events as Google frames them.
func stream(events ...string) (raw []byte) {
	for _, e := range events {
		raw = append(raw, "data: "+e+"\r\n\r\n"...)
	}
	return raw
}

// chatStream writes events for a chat client.
func chatStream(events []canonical.Event) (raw []byte) {
	w := chat.Protocol.NewWriter(&canonical.Request{Origin: canonical.Chat})
	for i := range events {
		raw = w.Write(raw, &events[i])
	}
	return raw
}
