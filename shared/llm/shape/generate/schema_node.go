package generate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// carried are the keywords that mean the same on both sides.
var carried = []string{
	"title", "description", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength",
	"minProperties", "maxProperties", "pattern", "propertyOrdering",
}

// formats are those that Google takes; it refuses a schema with any other.
var formats = map[string][]string{
	"STRING": {"enum", "date-time"}, "NUMBER": {"float", "double"}, "INTEGER": {"int32", "int64"},
}

var types = map[string]string{
	"string": "STRING", "number": "NUMBER", "integer": "INTEGER", "boolean": "BOOLEAN", "array": "ARRAY", "object": "OBJECT",
}

// plain translates a schema without references and unions.
func (t *translation) plain(s map[string]any, depth int) map[string]any {
	names, nullable := typesOf(s)
	if len(names) > 1 {
		variants := make([]any, 0, len(names)+1)
		for _, name := range names {
			one := maps.Clone(s)
			one["type"] = name
			variants = append(variants, one)
		}
		if nullable {
			variants = append(variants, map[string]any{"type": "null"})
		}
		return t.union(map[string]any{}, "anyOf", variants, depth)
	}
	kind := "STRING"
	if len(names) == 1 {
		kind = names[0]
	}
	out := map[string]any{"type": kind}
	for _, k := range carried {
		if v, ok := s[k]; ok && fits(k, v) {
			out[k] = v
		}
	}
	if f, ok := s["format"].(string); ok && slices.Contains(formats[kind], f) {
		out["format"] = f
	}
	if choose(out, s, kind) || nullable || s["nullable"] == true {
		out["nullable"] = true
	}
	switch kind {
	case "OBJECT":
		t.properties(out, s, depth)
	case "ARRAY":
		out["items"] = t.node(itemsOf(s), depth+1)
	}
	return out
}

// fits reports whether a keyword's value is of the kind that it must be.
func fits(keyword string, v any) bool {
	switch keyword {
	case "title", "description", "pattern":
		_, ok := v.(string)
		return ok
	case "propertyOrdering":
		list, ok := v.([]any)
		return ok && !slices.ContainsFunc(list, func(v any) bool { _, ok := v.(string); return !ok })
	}
	_, ok := v.(json.Number)
	return ok
}

// typesOf returns Google's names of a schema's types, guessed from its keywords
// where it has none, and whether it may be null.
func typesOf(s map[string]any) (names []string, nullable bool) {
	said := []any{s["type"]}
	if list, ok := s["type"].([]any); ok {
		said = list
	}
	for _, v := range said {
		name, _ := v.(string)
		if strings.EqualFold(name, "null") {
			nullable = true
		} else if known := types[strings.ToLower(name)]; known != "" && !slices.Contains(names, known) {
			names = append(names, known)
		}
	}
	if len(names) > 0 {
		return names, nullable
	}
	if _, ok := s["properties"].(map[string]any); ok {
		return []string{"OBJECT"}, nullable
	}
	if _, ok := s["items"]; ok {
		return []string{"ARRAY"}, nullable
	}
	return nil, nullable
}

// choose translates enum and const: texts become an enum, which Google takes of
// texts only, and other values are told in the description. It reports whether
// null was among them.
func choose(out, s map[string]any, kind string) (nullable bool) {
	values, _ := s["enum"].([]any)
	if c, ok := s["const"]; ok {
		values = []any{c}
	}
	texts, others := []any{}, []string{}
	for _, v := range values {
		if text, ok := v.(string); ok && kind == "STRING" {
			if text != "" { // refused in an enum
				texts = append(texts, text)
			}
		} else if v == nil {
			nullable = true
		} else {
			b, _ := json.Marshal(v) // decoded from JSON
			others = append(others, string(b))
		}
	}
	if len(texts) > 0 && len(others) == 0 {
		out["enum"] = texts
	}
	if len(others) > 0 {
		told, _ := out["description"].(string)
		out["description"] = strings.TrimSpace(told + " One of: " + strings.Join(others, ", ") + ".")
	}
	return nullable
}

func (t *translation) properties(out, s map[string]any, depth int) {
	in, _ := s["properties"].(map[string]any)
	if len(in) == 0 {
		return
	}
	properties := make(map[string]any, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) { // in order: a bound must not depend on chance
		properties[name] = t.node(in[name], depth+1)
	}
	out["properties"] = properties
	var required []any
	list, _ := s["required"].([]any)
	for _, v := range list {
		if name, ok := v.(string); ok && properties[name] != nil && !slices.Contains(required, v) {
			required = append(required, name)
		}
	}
	if len(required) > 0 {
		out["required"] = required
	}
}

// itemsOf returns what the items of an array are: Google needs to be told. Of a
// tuple it is the first.
func itemsOf(s map[string]any) any {
	for _, k := range []string{"items", "prefixItems"} {
		switch v := s[k].(type) {
		case map[string]any:
			return v
		case []any:
			if len(v) > 0 {
				return v[0]
			}
		}
	}
	return map[string]any{"type": "string"}
}
