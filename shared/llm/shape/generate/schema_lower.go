package generate

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// lowered writes a schema of Google's as JSON Schema, for protocols that know
// only that. What is no schema stays as it is.
func lowered(raw json.RawMessage) json.RawMessage {
	node, err := decodeSchema(raw)
	if err != nil {
		return raw
	}
	b, err := json.Marshal(lower(node, 0))
	if err != nil {
		return raw
	}
	return b
}

func lower(s map[string]any, depth int) map[string]any {
	if depth > maxSchemaDepth {
		return map[string]any{}
	}
	out := maps.Clone(s)
	if name, ok := s["type"].(string); ok {
		out["type"] = strings.ToLower(name)
		if s["nullable"] == true {
			out["type"] = []any{strings.ToLower(name), "null"}
			delete(out, "nullable")
		}
	}
	if p, ok := s["properties"].(map[string]any); ok {
		properties := make(map[string]any, len(p))
		for name, v := range p {
			properties[name] = lowerAny(v, depth)
		}
		out["properties"] = properties
	}
	if items, ok := s["items"]; ok {
		out["items"] = lowerAny(items, depth)
	}
	if list, ok := s["anyOf"].([]any); ok {
		variants := make([]any, len(list))
		for i, v := range list {
			variants[i] = lowerAny(v, depth)
		}
		out["anyOf"] = variants
	}
	return out
}

func lowerAny(v any, depth int) any {
	if m, ok := v.(map[string]any); ok {
		return lower(m, depth+1)
	}
	return v
}
