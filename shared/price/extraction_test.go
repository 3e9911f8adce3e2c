package price_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/generate"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// TestOracleOfWholeAnswers prices what the protocols themselves read of every
// recorded usage: the body becomes a whole answer with that usage in it.
func TestOracleOfWholeAnswers(t *testing.T) {
	dir := os.Getenv("DCODER_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "prices", "usages.json"))
	if err != nil {
		t.Skipf("RECORDINGS ARE MISSING, nothing was checked: %v", err)
	}
	var all []struct {
		recorded
		Body map[string]any
	}
	require.NoError(t, json.Unmarshal(raw, &all))
	type flavour struct {
		protocol canonical.Protocol
		dialect  string
		rest     map[string]any // of an answer, beside its usage
	}
	chatted := map[string]any{"id": "x", "object": "chat.completion", "choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": "x"}}}}
	said := map[string]any{"id": "x", "type": "message", "role": "assistant", "stop_reason": "end_turn", "content": []any{map[string]any{"type": "text", "text": "x"}}}
	flavours := map[string]flavour{
		"openai chat":       {chat.Protocol, "openai", chatted},
		"groq default":      {chat.Protocol, "groq", chatted},
		"google chat":       {chat.Protocol, "vertex", chatted},
		"anthropic default": {messages.Protocol, "anthropic", said},
		"google anthropic":  {messages.Protocol, "vertex", said},
		"google default": {generate.Protocol, "google", map[string]any{"candidates": []any{map[string]any{
			"finishReason": "STOP", "content": map[string]any{"role": "model", "parts": []any{map[string]any{"text": "x"}}},
		}}}},
		"openai responses": {responses.Protocol, "openai", map[string]any{"id": "x", "object": "response", "status": "completed", "output": []any{}}},
	}
	checked, wrong := map[string]int{}, 0
	for _, r := range all {
		model := firstOf(r.Model, asText(r.Body["model"]), asText(r.Body["modelVersion"]))
		for _, e := range r.Extracted {
			for _, x := range e.Extractors {
				name := x.Provider + " " + x.Flavor
				f, ours := flavours[name]
				if !ours || x.Input == "" {
					continue
				}
				checked[name]++
				want := sumOf(t, x.Input, x.Output)
				if x.Total != "" {
					want = sumOf(t, x.Total)
				}
				body := map[string]any{}
				for k, v := range f.rest {
					body[k] = v
				}
				for k, v := range r.Body {
					body[k] = v
				}
				delete(body, "file")
				text, err := json.Marshal(body)
				require.NoError(t, err)
				reply, err := f.protocol.ReadReply(text)
				require.NoError(t, err, "%s: %s", name, text)
				p := price.FindAt(f.dialect, model, sourceDay)
				require.NotNil(t, p, "%s, %s", name, model)
				got := price.Cost(p, &reply.Usage.Tokens)
				if w, _ := want.Float64(); float64(got) < w || float64(got) >= w+1 {
					wrong++
					t.Errorf("%s, %s: %d, exactly %s, read %+v of %s", name, model, got, want.FloatString(6), reply.Usage.Tokens, text)
				}
			}
		}
	}
	require.Equal(t, map[string]int{
		"anthropic default": 108, "google anthropic": 108, "google chat": 3, "google default": 221, "groq default": 39, "openai chat": 91, "openai responses": 120,
	}, checked, "the denominator")
	t.Logf("priced as read by the protocols: %v, wrong: %d", checked, wrong)
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}
