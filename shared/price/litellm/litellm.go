// Package litellm reads LiteLLM's table of prices
// (model_prices_and_context_window.json): a JSON object of models, each with
// costs of one token in US dollars. It takes what our dialects serve and says what
// it did not take. Format: docs.litellm.ai/docs/provider_registration and the
// file's own sample_spec.
package litellm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// Read reads a table. The prices carry the version. An error means that the
// whole is no such table.
func Read(raw []byte, version string) (taken []price.Imported, not []price.Untaken, err error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, nil, fmt.Errorf("read a table of prices: %w", err)
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "sample_spec" {
			continue
		}
		one, why := readModel(name, all[name])
		if why != "" {
			not = append(not, price.Untaken{Name: name, Why: why})
			continue
		}
		one.Price.Version = version
		taken = append(taken, one)
	}
	return taken, not, nil
}

// entry is a model's fields; costs are read as they are written.
type entry map[string]any

func readModel(name string, raw json.RawMessage) (one price.Imported, why string) {
	var e entry
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&e); err != nil {
		return one, "is no JSON object"
	}
	provider, _ := e["litellm_provider"].(string)
	one.Name, one.Dialect = name, Dialect(provider)
	if one.Dialect == "" {
		return one, fmt.Sprintf("no dialect serves the provider %q", provider)
	}
	if mode, _ := e["mode"].(string); !slices.Contains([]string{"chat", "completion", "embedding", "responses"}, mode) {
		return one, fmt.Sprintf("no route serves the mode %q", mode)
	}
	one.Names = []string{Model(name)}
	why = e.into(&one.Price)
	if field := price.Absurd(&one.Price); why == "" && field != "" {
		why = field + " is no price that anybody can mean"
	}
	if why == "" && one.Price.Free() {
		why = "has no price"
	}
	return one, why
}

// Dialect is ours of LiteLLM's name of a provider, "" for none.
func Dialect(provider string) string {
	switch {
	case provider == "openai" || provider == "text-completion-openai":
		return "openai"
	case provider == "anthropic" || provider == "groq":
		return provider
	case provider == "gemini":
		return "google"
	case strings.HasPrefix(provider, "vertex_ai"):
		return "vertex"
	}
	return ""
}

// Model cuts the provider off a name of LiteLLM's: "gemini/gemini-2.5-pro".
func Model(name string) string {
	for _, prefix := range []string{"openai/", "anthropic/", "gemini/", "groq/", "vertex_ai/"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// into reads all costs. It refuses a model with a cost that it does not know: a
// price that leaves something out would be a wrong one.
func (e entry) into(p *dcoder.Price) (why string) {
	keys := make([]string, 0, len(e))
	for key := range e {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		n, isNumber := e[key].(json.Number)
		switch {
		case key == "max_output_tokens" && isNumber:
			p.OutputMax, _ = n.Int64()
		case !strings.Contains(key, "cost") || ignored[key]:
		case e[key] == nil:
		case !isNumber:
			return key + " is no number"
		default:
			if why := e.cost(p, key, n.String()); why != "" {
				return why
			}
		}
	}
	return ""
}

// ignored are costs of what no route does, or that stand in another way too.
var ignored = map[string]bool{
	"search_context_cost_per_query": true, "file_search_cost_per_1k_calls": true, "code_interpreter_cost_per_session": true,
	"vector_store_cost_per_gb_per_day": true, "computer_use_input_cost_per_1k_tokens": true, "computer_use_output_cost_per_1k_tokens": true,
	"input_cost_per_image": true, "output_cost_per_image": true, "input_cost_per_video_per_second": true, "input_cost_per_audio_per_second": true,
	"output_cost_per_reasoning_token": true, "input_cost_per_image_token": true, "input_cost_per_video_token": true,
}
