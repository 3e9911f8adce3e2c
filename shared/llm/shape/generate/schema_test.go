package generate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSchemas(t *testing.T) {
	for name, c := range map[string]struct{ in, out string }{
		"row 25: a reference":          {`{"properties":{"a":{"$ref":"#/$defs/x","description":"mine"}},"$defs":{"x":{"type":"string","description":"theirs","maxLength":3}}}`, `{"type":"OBJECT","properties":{"a":{"type":"STRING","description":"mine","maxLength":3}}}`},
		"row 25: an older reference":   {`{"$ref":"#/definitions/a~1b","definitions":{"a/b":{"type":"integer"}}}`, `{"type":"INTEGER"}`},
		"row 25: a reference outside":  {`{"$ref":"https://example.com/x.json"}`, `{"type":"OBJECT"}`},
		"row 25: a reference to all":   {`{"type":"object","properties":{"next":{"$ref":"#"}}}`, `{"type":"OBJECT","properties":{"next":{"type":"OBJECT","properties":{"next":{"type":"OBJECT"}}}}}`},
		"row 26: additionalProperties": {`{"type":"object","properties":{"a":{"type":"number"}},"additionalProperties":false,"$schema":"x","$id":"y"}`, `{"type":"OBJECT","properties":{"a":{"type":"NUMBER"}}}`},
		"row 26: const":                {`{"const":"x"}`, `{"type":"STRING","enum":["x"]}`},
		"row 26: null in types":        {`{"type":["string","null"]}`, `{"type":"STRING","nullable":true}`},
		"row 26: several types":        {`{"type":["string","integer","null"],"description":"d"}`, `{"anyOf":[{"type":"STRING","description":"d","nullable":true},{"type":"INTEGER","description":"d","nullable":true}]}`},
		"row 26: allOf":                {`{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"$ref":"#/$defs/b"}],"$defs":{"b":{"properties":{"b":{"type":"boolean"}},"required":["b"]}}}`, `{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"BOOLEAN"}},"required":["a","b"]}`},
		"row 26: anyOf with null":      {`{"anyOf":[{"type":"integer"},{"type":"null"}],"description":"d","default":null}`, `{"type":"INTEGER","description":"d","nullable":true}`},
		"row 26: oneOf":                {`{"oneOf":[{"type":"integer"},{"type":"string"}]}`, `{"anyOf":[{"type":"INTEGER"},{"type":"STRING"}]}`},
		"row 26: formats":              {`{"properties":{"a":{"type":"string","format":"uri"},"b":{"type":"string","format":"date-time"},"c":{"type":"integer","format":"int64"}}}`, `{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING","format":"date-time"},"c":{"type":"INTEGER","format":"int64"}}}`},
		"row 26: enum on numbers":      {`{"type":"integer","enum":[1,2]}`, `{"type":"INTEGER","description":"One of: 1, 2."}`},
		"row 26: enum with null":       {`{"enum":["a","",null]}`, `{"type":"STRING","enum":["a"],"nullable":true}`},
		"row 26: arrays without items": {`{"type":"array"}`, `{"type":"ARRAY","items":{"type":"STRING"}}`},
		"row 26: tuples":               {`{"type":"array","prefixItems":[{"type":"number"},{"type":"string"}],"minItems":2}`, `{"type":"ARRAY","items":{"type":"NUMBER"},"minItems":2}`},
		"exclusive bounds, defaults":   {`{"type":"number","exclusiveMinimum":1,"minimum":0,"default":3,"multipleOf":2}`, `{"type":"NUMBER","minimum":0}`},
		"required of what is not":      {`{"properties":{"a":{}},"required":["a","b","a",3]}`, `{"type":"OBJECT","properties":{"a":{"type":"STRING"}},"required":["a"]}`},
		"properties named like words":  {`{"properties":{"$ref":{"type":"string"},"const":{"type":"string"},"type":{"type":"array","items":true}}}`, `{"type":"OBJECT","properties":{"$ref":{"type":"STRING"},"const":{"type":"STRING"},"type":{"type":"ARRAY","items":{"type":"STRING"}}}}`},
		"nothing":                      {`{}`, `{"type":"STRING"}`},
		"Google's own":                 {`{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}},"propertyOrdering":["a"]}`, `{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}},"propertyOrdering":["a"]}`},
		"a mixed union keeps its own":  {`{"type":"object","properties":{"k":{"type":"string"}},"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"required":["k"]}]}`, `{"anyOf":[{"type":"OBJECT","properties":{"a":{"type":"STRING"},"k":{"type":"STRING"}},"required":["a"]},{"type":"OBJECT","properties":{"k":{"type":"STRING"}},"required":["k"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := googleSchema(json.RawMessage(c.in))
			require.NoError(t, err)
			require.JSONEq(t, c.out, string(got.JSON))
			requireGoogle(t, decoded(t, got.JSON))
		})
	}
}

func TestSchemasThatGrowAreRefused(t *testing.T) {
	var defs []string
	for i := range 20 { // each level twice the next: a million when written out
		defs = append(defs, fmt.Sprintf(`"d%d":{"type":"object","properties":{"l":{"$ref":"#/$defs/d%d"},"r":{"$ref":"#/$defs/d%d"}}}`, i, i+1, i+1))
	}
	_, err := googleSchema(json.RawMessage(`{"$ref":"#/$defs/d0","$defs":{` + strings.Join(defs, ",") + `,"d20":{"type":"string"}}}`))
	require.ErrorContains(t, err, "too large")
	deep := strings.Repeat(`{"type":"array","items":`, 80) + `{}` + strings.Repeat(`}`, 80)
	got, err := googleSchema(json.RawMessage(deep))
	require.NoError(t, err)
	require.True(t, got.Cut)
	for _, bad := range []string{``, `[]`, `"x"`, `{`} {
		_, err := googleSchema(json.RawMessage(bad))
		require.Error(t, err, bad)
	}
}

func decoded(t require.TestingT, raw []byte) (node map[string]any) {
	require.NoError(t, json.Unmarshal(raw, &node))
	return node
}

var words = append([]string{"type", "format", "enum", "nullable", "items", "properties", "required", "anyOf"}, carried...)

// requireGoogle holds a schema to what Google takes, at every level.
func requireGoogle(t require.TestingT, s map[string]any) {
	for k := range s {
		require.Contains(t, words, k)
	}
	if variants, ok := s["anyOf"].([]any); ok {
		require.Len(t, s, 1, "nothing stands beside anyOf")
		require.Greater(t, len(variants), 1)
		for _, v := range variants {
			requireGoogle(t, v.(map[string]any))
		}
		return
	}
	kind, _ := s["type"].(string)
	require.Contains(t, []string{"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"}, kind)
	if kind == "ARRAY" {
		require.Contains(t, s, "items")
		requireGoogle(t, s["items"].(map[string]any))
	}
	if f, ok := s["format"].(string); ok {
		require.Contains(t, formats[kind], f)
	}
	if list, ok := s["enum"].([]any); ok {
		require.Equal(t, "STRING", kind)
		require.False(t, slices.ContainsFunc(list, func(v any) bool { text, ok := v.(string); return !ok || text == "" }))
	}
	properties, _ := s["properties"].(map[string]any)
	for _, p := range properties {
		requireGoogle(t, p.(map[string]any))
	}
	list, _ := s["required"].([]any)
	for _, name := range list {
		require.Contains(t, properties, name)
	}
}

// TestAnySchemaBecomesGoogles makes up schemas of every keyword, references in
// circles among them.
func TestAnySchemaBecomesGoogles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := madeUp(t, 4)
		defs := map[string]any{}
		for _, name := range []string{"a", "b", "c"} {
			defs[name] = madeUp(t, 3)
		}
		root["$defs"] = defs
		raw, err := json.Marshal(root)
		require.NoError(t, err)
		got, err := googleSchema(raw)
		if err != nil {
			require.ErrorContains(t, err, "too large")
			return
		}
		requireGoogle(t, decoded(t, got.JSON))
		again, err := googleSchema(raw)
		require.NoError(t, err)
		require.Equal(t, string(got.JSON), string(again.JSON), "it does not depend on chance")
	})
}

func madeUp(t *rapid.T, depth int) map[string]any {
	s := map[string]any{}
	some := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
	kinds := []any{"string", "number", "integer", "boolean", "array", "object", "null", "any", 3}
	if some("ref") {
		s["$ref"] = rapid.SampledFrom([]any{"#", "#/$defs/a", "#/$defs/b", "#/$defs/c", "#/$defs/none", "x.json", 1}).Draw(t, "to")
	}
	if !some("untyped") {
		s["type"] = rapid.SampledFrom(append(kinds, []any{"string", "null"}, []any{"array", "object", "integer"}, []any{"null"})).Draw(t, "type")
	}
	for _, k := range []string{"const", "enum", "format", "additionalProperties", "nullable", "minimum", "description", "default", "not", "$schema"} {
		if some(k) {
			s[k] = rapid.SampledFrom([]any{"x", "", 1, true, nil, "date-time", "uri", []any{"a", 1, nil}, map[string]any{"$ref": "#"}}).Draw(t, "value")
		}
	}
	if depth == 0 {
		return s
	}
	for _, k := range []string{"anyOf", "oneOf", "allOf", "prefixItems"} {
		if some(k) {
			s[k] = []any{madeUp(t, depth-1), map[string]any{"type": "null"}, madeUp(t, depth-1), true}
		}
	}
	if some("items") {
		s["items"] = madeUp(t, depth-1)
	}
	if some("properties") {
		s["properties"] = map[string]any{"a": madeUp(t, depth-1), "$ref": madeUp(t, depth-1), "additionalProperties": true}
		s["required"] = []any{"a", "b", 1}
	}
	return s
}
