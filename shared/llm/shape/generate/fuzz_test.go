package generate_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// FuzzReadRequest: what is read comes out as JSON again, and reading that gives
// the same once more.
func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{
		`{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`,
		`{"contents":[{"parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"eA=="},{"inlineData":{"mimeType":"image/png","data":"eA=="}}]}],"systemInstruction":{}}`,
		`{"contents":[{"role":"function","parts":[{"functionResponse":{"id":"1","name":"f","response":{"error":"x"}}},{"executableCode":{"code":"1"}}],"x":1}],"cachedContent":"c"}`,
		`{"contents":[{"parts":null}],"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}`,
		`{"contents":[{}],"generationConfig":{"topK":40.5,"stopSequences":[],"responseSchema":{"type":"ARRAY"},"thinkingConfig":{"thinkingLevel":"low","thinkingBudget":0}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := generate.Protocol.ReadRequest(body)
		if err != nil {
			return
		}
		out, err := generate.Protocol.WriteRequest(r, &canonical.Options{})
		if err != nil {
			return
		}
		require.True(t, json.Valid(out), "%s", out)
		again, err := generate.Protocol.ReadRequest(out)
		require.NoError(t, err, "%s", out)
		twice, err := generate.Protocol.WriteRequest(again, &canonical.Options{})
		require.NoError(t, err)
		require.JSONEq(t, string(out), string(twice))
	})
}

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{
		`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"responseId":"r"}`,
		`{"promptFeedback":{"blockReason":"SAFETY"}}`, `{"candidates":[{}]}`, `{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}],"usageMetadata":{"promptTokenCount":-4}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := generate.Protocol.ReadReply(body)
		if err != nil {
			return
		}
		require.NotEmpty(t, a.Choices)
		require.GreaterOrEqual(t, a.Usage.Input, a.Usage.CachedInput)
		require.GreaterOrEqual(t, a.Usage.Output, a.Usage.Reasoning)
		out, err := generate.Protocol.WriteReply(a, nil)
		require.NoError(t, err)
		require.True(t, json.Valid(out), "%s", out)
	})
}

// FuzzStream: events keep their order whatever comes in, and an end is told only
// once.
func FuzzStream(f *testing.F) {
	for _, seed := range [][]byte{
		stream(`{"candidates":[{"content":{"parts":[{"text":"a","thought":true},{"text":"b"}]}}],"responseId":"r"}`, `{"candidates":[{"finishReason":"STOP"}]}`),
		stream(`{"candidates":[{"index":1,"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"},{"index":0,"finishReason":"STOP"}]}`),
		stream(`{"promptFeedback":{"blockReason":"X"}}`), stream(`{"error":{"code":500}}`), []byte("data: {\n\n"), []byte(": ping\r\n\r\n"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := generate.Protocol.NewReader()
		var in sse.Reader
		in.Reset(bytes.NewReader(raw), 1<<16)
		var events []canonical.Event
		for {
			e, err := in.Next()
			if err != nil {
				break
			}
			if events, err = r.Read(events, e); err != nil {
				return
			}
			for _, e := range events {
				if e.Kind == canonical.EventError {
					return
				}
			}
		}
		ended := r.(canonical.Ender).End(events)
		if len(ended) > len(events) {
			requireOrder(t, ended)
		}
	})
}
