// Package litellm reads a LiteLLM proxy's config.yaml and brings what fits to a
// tenant: credentials with providers, aliases with their weights and fallbacks,
// and its budget. It acts through the HTTP API alone, with the key that it is
// given, and names by its path in the file whatever it did not take.
// Format: docs.litellm.ai/docs/proxy/config_settings.
package litellm

import (
	"encoding/json"
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/shared/price"
)

// config is what the importer knows of the file.
type config struct {
	Models  []model
	Router  settings
	General settings // litellm_settings
	rest    []string // other parts of the file
}

type model struct {
	Name   string         `json:"model_name"`
	Params map[string]any `json:"litellm_params"`
	Info   map[string]any `json:"model_info"`
}

type settings map[string]any

func readConfig(raw []byte) (c config, err error) {
	var parts map[string]json.RawMessage
	if err := yaml.Unmarshal(raw, &parts); err != nil {
		return c, fmt.Errorf("the file is no YAML object: %w", err)
	}
	for name, into := range map[string]any{"model_list": &c.Models, "router_settings": &c.Router, "litellm_settings": &c.General} {
		if part, ok := parts[name]; ok {
			if err := json.Unmarshal(part, into); err != nil {
				return c, fmt.Errorf("%s is not what LiteLLM puts there: %w", name, err)
			}
		}
		delete(parts, name)
	}
	for name := range parts {
		c.rest = append(c.rest, name)
	}
	slices.Sort(c.rest)
	return c, nil
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func number(m map[string]any, key string) int64 {
	f, _ := m[key].(float64)
	return int64(f)
}

// sortedKeys of m but those that are known.
func sortedKeys(m map[string]any, known ...string) (out []string) {
	for key := range m {
		if !slices.Contains(known, key) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// micros is an amount of money as the file writes it.
func micros(v any) (int64, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	return price.Micros(string(raw), price.PerMillion)
}
