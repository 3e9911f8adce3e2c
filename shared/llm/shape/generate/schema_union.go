package generate

import (
	"maps"
	"slices"
)

// union translates anyOf and oneOf. null among the variants makes the rest
// nullable, and a union of one is that one. Beside anyOf Google takes nothing
// else, so what stands there moves into the variants.
func (t *translation) union(s map[string]any, key string, variants []any, depth int) map[string]any {
	beside := maps.Clone(s)
	delete(beside, key)
	nullable := beside["nullable"] == true
	var out []any
	for _, v := range variants {
		if isNull(v) {
			nullable = true
			continue
		}
		if m, ok := v.(map[string]any); ok {
			both := maps.Clone(m)
			merge(both, beside)
			v = both
		}
		one := t.node(v, depth+1)
		if inner, ok := one["anyOf"].([]any); ok {
			out = append(out, inner...)
		} else if !slices.ContainsFunc(out, func(o any) bool { return same(o, one) }) {
			out = append(out, one)
		}
		if t.nodes > maxSchemaNodes {
			break
		}
	}
	if nullable {
		for _, o := range out {
			o.(map[string]any)["nullable"] = true //nolint:forcetypeassert // of our own making
		}
	}
	switch len(out) {
	case 0:
		return map[string]any{"type": "STRING", "nullable": true}
	case 1:
		return out[0].(map[string]any) //nolint:forcetypeassert // of our own making
	}
	return map[string]any{"anyOf": out}
}

func isNull(v any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return false
	}
	names, nullable := typesOf(m)
	_, ref := m["$ref"]
	return nullable && len(names) == 0 && !ref
}

// overlay puts over the members of over, so that what stands beside a union holds
// for each of its variants.
func overlay(under, over map[string]any) map[string]any {
	out := maps.Clone(under)
	maps.Copy(out, over)
	return out
}

// flat merges allOf into the schema around it.
func (t *translation) flat(s map[string]any, depth int) map[string]any {
	all, ok := s["allOf"].([]any)
	if !ok {
		return s
	}
	out := maps.Clone(s)
	delete(out, "allOf")
	for _, v := range all {
		t.nodes++
		m, ok := v.(map[string]any)
		if !ok || depth > maxSchemaDepth || t.nodes > maxSchemaNodes {
			continue
		}
		trail := len(t.trail)
		for range maxSchemaDepth { // a reference to a reference
			ref, ok := m["$ref"].(string)
			if !ok {
				break
			}
			target, found := t.find(ref)
			if !found || slices.Contains(t.trail, ref) {
				t.cut, m = true, map[string]any{}
				break
			}
			t.trail = append(t.trail, ref)
			rest := maps.Clone(m)
			delete(rest, "$ref")
			m = overlay(target, rest)
		}
		merge(out, t.flat(m, depth+1))
		t.trail = t.trail[:trail]
	}
	return out
}

// merge adds b to a: properties and required are united, of anything else the
// first stays.
func merge(a, b map[string]any) {
	for k, v := range b {
		have, ok := a[k]
		if !ok {
			a[k] = v
			continue
		}
		switch k {
		case "properties":
			x, okX := have.(map[string]any)
			y, okY := v.(map[string]any)
			if okX && okY {
				a[k] = overlay(y, x)
			}
		case "required":
			x, okX := have.([]any)
			y, okY := v.([]any)
			if okX && okY {
				a[k] = append(x[:len(x):len(x)], y...)
			}
		}
	}
}
