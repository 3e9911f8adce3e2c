package generate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
)

// carry puts signatures where a chat client keeps them: in the ids of calls.
func carry(t *testing.T, r *canonical.Request, twin []byte) []byte {
	t.Helper()
	packed := map[string]string{}
	for _, m := range r.Messages {
		for i := range m.Blocks {
			if c := m.Blocks[i].Call; c != nil {
				packed[c.ID] = callid.Pack(c.ID, m.Blocks[i].Signature)
			}
		}
	}
	var body map[string]any
	require.NoError(t, json.Unmarshal(twin, &body))
	for _, m := range body["messages"].([]any) {
		message := m.(map[string]any)
		if id, ok := message["tool_call_id"].(string); ok {
			message["tool_call_id"] = packed[id]
		}
		calls, _ := message["tool_calls"].([]any)
		for _, c := range calls {
			call := c.(map[string]any)
			call["id"] = packed[call["id"].(string)]
		}
	}
	if in := r.Reasoning; in != nil && in.Budget != nil { // an effort has no number
		delete(body, "reasoning_effort")
		body["thinking"] = map[string]any{"type": "enabled", "budget_tokens": *in.Budget}
	}
	out, err := json.Marshal(body)
	require.NoError(t, err)
	return out
}

// TestTwins: what a chat client asks in OpenAI's words becomes the recorded
// request, signatures and all.
func TestTwins(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.File, func(t *testing.T) {
			in, err := generate.Protocol.ReadRequest([]byte(r.Request.Body))
			require.NoError(t, err)
			twin, err := chat.Protocol.WriteRequest(in, &canonical.Options{Model: "m"})
			require.NoError(t, err)
			twin = carry(t, in, twin)
			_, model, _ := strings.Cut(r.Request.URL, "/models/")
			model, _, _ = strings.Cut(model, ":")
			a := google.Studio(model)
			if strings.Contains(r.Request.URL, "aiplatform") {
				a = google.Vertex(model)
			}
			back, err := chat.Protocol.ReadRequest(twin)
			require.NoError(t, err)
			out, err := generate.Protocol.WriteRequest(back, &canonical.Options{Model: model, Ability: a})
			require.NoError(t, err)
			require.JSONEq(t, r.Request.Body, string(out), "%s", twin)
		})
	}
}
