package messages_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
)

// A result that a chat client gives as one bare text is still a result.
func TestOneBareResultOfATool(t *testing.T) {
	asked, err := chat.Protocol.ReadRequest([]byte(`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hot?"},
		{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"call_1","content":"40 C"}],
		"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}]}`))
	require.NoError(t, err)
	raw, err := messages.Protocol.WriteRequest(asked, &canonical.Options{Model: "m"})
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hot?"},
		{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"weather","input":{}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"40 C"}]}],
		"tools":[{"name":"weather","input_schema":{"type":"object"}}]}`, string(raw))
}
