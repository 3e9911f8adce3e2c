package conformance_test

import (
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// reported reads the usage of a recorded answer as its provider means it, without
// the dialects; the caller counts as OpenAI does.
func (r *recording) reported() (t dcoder.Tokens, ok bool, err error) {
	parts := [][]byte{[]byte(r.Response.Body)}
	if r.stream {
		if parts, err = events(parts[0]); err != nil {
			return t, false, err
		}
	}
	u := map[string]doc{}
	for _, raw := range parts {
		d, err := decode(raw)
		if err != nil {
			return t, false, err
		}
		for _, from := range []doc{d.at("usage"), d.at("message", "usage"), d.at("response", "usage"), d.at("x_groq", "usage"), d.at("usageMetadata")} {
			m, _ := from.v.(map[string]any)
			for k, v := range m {
				if v != nil {
					u[k] = doc{v}
				}
			}
		}
	}
	return r.counted(u), len(u) > 0, nil
}

func (r *recording) counted(u map[string]doc) (t dcoder.Tokens) {
	n := func(k string) int64 { return u[k].num() }
	switch {
	case !r.native: // Gemini
		t.Input = n("promptTokenCount") + n("toolUsePromptTokenCount")
		t.Output, t.Reasoning = n("candidatesTokenCount")+n("thoughtsTokenCount"), n("thoughtsTokenCount")
		t.CachedInput = n("cachedContentTokenCount")
	case r.kind == llm.Message:
		t.CachedInput, t.CacheWrite5m = n("cache_read_input_tokens"), n("cache_creation_input_tokens")
		if w := u["cache_creation"]; w.v != nil {
			t.CacheWrite5m, t.CacheWrite1h = w.at("ephemeral_5m_input_tokens").num(), w.at("ephemeral_1h_input_tokens").num()
		}
		t.Input, t.Output = n("input_tokens")+t.CachedInput+t.CacheWrite5m+t.CacheWrite1h, n("output_tokens")
	case r.kind == llm.Response:
		t.Input, t.Output = n("input_tokens"), n("output_tokens")
		t.CachedInput = u["input_tokens_details"].at("cached_tokens").num()
		t.Reasoning = u["output_tokens_details"].at("reasoning_tokens").num()
	default:
		t.Input, t.Output = n("prompt_tokens"), n("completion_tokens")
		t.CachedInput = u["prompt_tokens_details"].at("cached_tokens").num()
		t.Reasoning = u["completion_tokens_details"].at("reasoning_tokens").num()
	}
	return t
}
