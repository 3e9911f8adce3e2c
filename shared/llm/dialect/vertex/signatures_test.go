package vertex_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSignaturesSurviveAnthropicAndResponsesClients: both echo only what their
// own protocols know, and Gemini gets its signature back with the call.
func TestSignaturesSurviveAnthropicAndResponsesClients(t *testing.T) {
	const question = "Call weather for Bergen"
	for _, model := range []string{"google/gemini-3-pro-preview", "vertex/gemini-2.5-pro"} {
		t.Run("messages, "+model, func(t *testing.T) {
			b, p := serve(t, nil)
			const tools = `"max_tokens":500,"tools":[{"name":"weather","input_schema":{"type":"object","properties":{"place":{"type":"string"}}}}],`
			user := `{"role":"user","content":"` + question + `"}`
			status, raw := send(t, b, "/v1/messages", `{"model":"`+model+`",`+tools+`"messages":[`+user+`]}`)
			require.Equal(t, http.StatusOK, status, "%s", raw)
			var first struct {
				Content []struct {
					Type, ID, Name string
					Input          json.RawMessage
				}
				StopReason string `json:"stop_reason"`
			}
			require.NoError(t, json.Unmarshal(raw, &first))
			require.Equal(t, "tool_use", first.StopReason)
			c := first.Content[len(first.Content)-1]
			require.Equal(t, "tool_use", c.Type)
			status, raw = send(t, b, "/v1/messages", `{"model":"`+model+`",`+tools+`"messages":[`+user+`,{"role":"assistant","content":[{"type":"tool_use","id":"`+c.ID+
				`","name":"weather","input":`+string(c.Input)+`}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"`+c.ID+`","content":"rain"}]}]}`)
			require.Equal(t, http.StatusOK, status, "%s", raw)
			requireSigned(t, p, model)
		})
		t.Run("responses, "+model, func(t *testing.T) {
			b, p := serve(t, nil)
			const tools = `"store":false,"tools":[{"type":"function","name":"weather","parameters":{"type":"object","properties":{"place":{"type":"string"}}}}],`
			user := `{"role":"user","content":"` + question + `"}`
			status, raw := send(t, b, "/v1/responses", `{"model":"`+model+`",`+tools+`"input":[`+user+`]}`)
			require.Equal(t, http.StatusOK, status, "%s", raw)
			var first struct {
				Output []struct {
					Type   string
					CallID string `json:"call_id"`
					Raw    string `json:"arguments"`
				}
			}
			require.NoError(t, json.Unmarshal(raw, &first))
			c := first.Output[len(first.Output)-1]
			require.Equal(t, "function_call", c.Type)
			args, err := json.Marshal(c.Raw)
			require.NoError(t, err)
			status, raw = send(t, b, "/v1/responses", `{"model":"`+model+`",`+tools+`"input":[`+user+`,{"type":"function_call","call_id":"`+c.CallID+
				`","name":"weather","arguments":`+string(args)+`},{"type":"function_call_output","call_id":"`+c.CallID+`","output":"rain"}]}`)
			require.Equal(t, http.StatusOK, status, "%s", raw)
			requireSigned(t, p, model)
		})
	}
}

// requireSigned holds the last request to the simulator's own signature.
func requireSigned(t *testing.T, p *provider, model string) {
	t.Helper()
	contents := p.last(t).Body["contents"].([]any)
	require.Len(t, contents, 3)
	made := partOf(contents[1])
	require.NotEmpty(t, made["thoughtSignature"])
	require.NotEqual(t, "skip_thought_signature_validator", made["thoughtSignature"])
	_, id := made["functionCall"].(map[string]any)["id"]
	require.Equal(t, strings.HasPrefix(model, "google/"), id)
	answer := partOf(contents[2])["functionResponse"].(map[string]any)
	require.Equal(t, map[string]any{"result": "rain"}, answer["response"])
}
