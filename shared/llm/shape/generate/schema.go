package generate

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Google's schemas are a subset of OpenAPI 3.0's: no references, no unions but
// anyOf, type names in capitals, null as "nullable". Source:
// ai.google.dev/api/caching#Schema.

// Bounds of what a schema may become: references that are written out can grow
// without bound from a few lines.
const (
	maxSchemaDepth = 24
	maxSchemaNodes = 4000
)

// schema is a JSON Schema in Google's words.
type schema struct {
	JSON json.RawMessage
	// Cut says that the schema refers to itself, or is deeper than Google takes,
	// and that something was left out for it.
	Cut bool
	// Empty says that it describes an object without any property.
	Empty bool
}

var errSchemaSize = dcoder.Invalid("schema", "the schema is too large once its references are written out")

// googleSchema translates a JSON Schema.
func googleSchema(raw json.RawMessage) (schema, error) {
	node, err := decodeSchema(raw)
	if err != nil {
		return schema{}, dcoder.Invalid("schema", "the schema must be a JSON object")
	}
	t := &translation{root: node}
	out := t.node(node, 0)
	if t.nodes > maxSchemaNodes {
		return schema{}, errSchemaSize
	}
	b, err := json.Marshal(out)
	properties, _ := out["properties"].(map[string]any)
	return schema{JSON: b, Cut: t.cut, Empty: out["type"] == "OBJECT" && len(properties) == 0}, err
}

func decodeSchema(raw json.RawMessage) (node map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&node)
	if err == nil && node == nil {
		node = map[string]any{}
	}
	return node, err
}

// translation is one schema under way.
type translation struct {
	root  map[string]any
	trail []string // references that are being written out
	nodes int
	cut   bool
}

// node translates one schema: a map that has at least a type, or anyOf.
func (t *translation) node(in any, depth int) map[string]any {
	t.nodes++
	s, ok := in.(map[string]any)
	if !ok || t.nodes > maxSchemaNodes {
		return map[string]any{"type": "STRING"} // true, false, or what is no schema
	}
	if depth > maxSchemaDepth {
		t.cut = true
		return map[string]any{"type": "OBJECT"}
	}
	if ref, ok := s["$ref"].(string); ok {
		return t.reference(ref, s, depth)
	}
	s = t.flat(s, depth)
	for _, key := range []string{"anyOf", "oneOf"} {
		if variants, ok := s[key].([]any); ok && len(variants) > 0 {
			return t.union(s, key, variants, depth)
		}
	}
	return t.plain(s, depth)
}

// reference writes a referred schema out where it is used; what stands beside the
// reference (a description) wins. A schema inside of itself is cut.
func (t *translation) reference(ref string, s map[string]any, depth int) map[string]any {
	target, ok := t.find(ref)
	if !ok || slices.Contains(t.trail, ref) {
		t.cut = true
		out := map[string]any{"type": "OBJECT"}
		if d, ok := s["description"].(string); ok {
			out["description"] = d
		}
		return out
	}
	merged := maps.Clone(s)
	delete(merged, "$ref")
	merge(merged, target)
	t.trail = append(t.trail, ref)
	out := t.node(merged, depth+1)
	t.trail = t.trail[:len(t.trail)-1]
	return out
}

// find follows a JSON pointer within the schema (RFC 6901); nothing else is
// followed, so that no reference leads outside.
func (t *translation) find(ref string) (map[string]any, bool) {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, false
	}
	at := any(t.root)
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if name == "" {
			continue
		}
		m, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		at = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	m, ok := at.(map[string]any)
	return m, ok
}

// sameJSON compares two texts as JSON values.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
