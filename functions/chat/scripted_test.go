package chat_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// scripted is every provider at once: it answers each address with the shortest
// answer of its protocol.
type scripted struct {
	header map[string]string
	status int    // 0: 200
	tier   string // that the answer names, in the provider's own words
}

// ServeHTTP implements http.Handler.
func (s scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	for name, value := range s.header {
		w.Header().Set(name, value)
	}
	if s.status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, `{"error":{"type":"rate_limit_error","message":"slow down"}}`)
		return
	}
	stream := strings.Contains(r.URL.Path, "stream") || strings.Contains(string(raw), `"stream":true`)
	kind := "application/json"
	if stream {
		kind = "text/event-stream"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = io.WriteString(w, strings.ReplaceAll(answers[protocolAt(r.URL.Path)][stream], "TIER", s.tier))
}

func protocolAt(path string) string {
	switch {
	case strings.HasSuffix(path, "/chat/completions"):
		return "chat"
	case strings.HasSuffix(path, "/responses"):
		return "responses"
	case strings.HasSuffix(strings.ToLower(path), "generatecontent"):
		return "generate"
	}
	return "messages"
}

// answers are those of each protocol, streamed and whole: "hi", 1,000 tokens in
// and 100 out.
var answers = map[string]map[bool]string{
	"chat": {
		false: `{"id":"c1","object":"chat.completion","created":1,"model":"m","service_tier":"TIER","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}`,
		true: data(`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","service_tier":"TIER","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":null}]}`,
			`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","service_tier":"TIER","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
			`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","service_tier":"TIER","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}`, `[DONE]`),
	},
	"responses": {
		false: response("completed"),
		true: event(`{"type":"response.created","sequence_number":0,"response":`+response("in_progress")+`}`,
			`{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"m1","status":"in_progress","role":"assistant","content":[]}}`,
			`{"type":"response.content_part.added","sequence_number":2,"item_id":"m1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}`,
			`{"type":"response.output_text.delta","sequence_number":3,"item_id":"m1","output_index":0,"content_index":0,"delta":"hi"}`,
			`{"type":"response.output_text.done","sequence_number":4,"item_id":"m1","output_index":0,"content_index":0,"text":"hi"}`,
			`{"type":"response.content_part.done","sequence_number":5,"item_id":"m1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"hi","annotations":[]}}`,
			`{"type":"response.output_item.done","sequence_number":6,"output_index":0,"item":{"type":"message","id":"m1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[]}]}}`,
			`{"type":"response.completed","sequence_number":7,"response":`+response("completed")+`}`),
	},
	"messages": {
		false: `{"id":"a1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1000,"output_tokens":100,"service_tier":"TIER"}}`,
		true: event(`{"type":"message_start","message":{"id":"a1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1000,"output_tokens":1,"service_tier":"TIER"}}}`,
			`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}`,
			`{"type":"content_block_stop","index":0}`,
			`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":100}}`,
			`{"type":"message_stop"}`),
	},
	"generate": {
		false: generated,
		true:  data(generated),
	},
}

const generated = `{"responseId":"g1","modelVersion":"m","candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}],` +
	`"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":100,"totalTokenCount":1100,"trafficType":"TIER"}}`

func response(status string) string {
	output, usage := `[]`, `null`
	if status == "completed" {
		output = `[{"type":"message","id":"m1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[]}]}]`
		usage = `{"input_tokens":1000,"output_tokens":100,"total_tokens":1100}`
	}
	return `{"id":"r1","object":"response","created_at":1,"status":"` + status + `","model":"m","service_tier":"TIER","output":` + output + `,"usage":` + usage + `}`
}

func data(events ...string) (out string) {
	for _, e := range events {
		out += "data: " + e + "\n\n"
	}
	return out
}

func event(events ...string) (out string) {
	for _, e := range events {
		kind, _, _ := strings.Cut(e[len(`{"type":"`):], `"`)
		out += "event: " + kind + "\ndata: " + e + "\n\n"
	}
	return out
}

// serveScripted serves chat before a scripted provider. Nothing is tried twice.
func serveScripted(t *testing.T, s http.Handler) *llmtest.Bench {
	t.Helper()
	o := llmtest.Options{Upstream: s, Coats: func(c *llm.Coats) { c.RetryMost = 1 }}
	return llmtest.New(t, o, func(m llm.Model) function.Func {
		return chat.New(chat.Deps{Model: m, Silence: silence})
	})
}

// asked is the shortest call of each route.
var asked = map[string]string{
	"/v1/chat/completions": `{"model":"%s","stream":%t,"messages":[{"role":"user","content":"hello"}]}`,
	"/v1/messages":         `{"model":"%s","stream":%t,"max_tokens":200,"messages":[{"role":"user","content":"hello"}]}`,
	"/v1/responses":        `{"model":"%s","stream":%t,"store":false,"input":"hello"}`,
}
