package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// differences names what differs between two JSON texts, each by its path; none
// means that they say the same.
func differences(want, got []byte, rules ...rule) []string {
	var a, b any
	if err := json.Unmarshal(want, &a); err != nil {
		return []string{"the recorded body: " + err.Error()}
	}
	if err := json.Unmarshal(got, &b); err != nil {
		return []string{"the body that was sent: " + err.Error()}
	}
	for _, r := range rules {
		a, b = r.apply(a, b)
	}
	return walk("", a, b)
}

func walk(at string, a, b any) (out []string) {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			break
		}
		keys := maps.Clone(a)
		maps.Copy(keys, b)
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			x, inA := a[k]
			y, inB := b[k]
			switch {
			case !inA:
				out = append(out, fmt.Sprintf("%s.%s added: %s", at, k, short(y)))
			case !inB:
				out = append(out, fmt.Sprintf("%s.%s lost: %s", at, k, short(x)))
			default:
				out = append(out, walk(at+"."+k, x, y)...)
			}
		}
		return out
	case []any:
		b, ok := b.([]any)
		if !ok {
			break
		}
		if len(a) != len(b) {
			return []string{fmt.Sprintf("%s: %d items, not %d", at, len(b), len(a))}
		}
		for i := range a {
			out = append(out, walk(fmt.Sprintf("%s[%d]", at, i), a[i], b[i])...)
		}
		return out
	}
	if !same(a, b) {
		return []string{fmt.Sprintf("%s: %s, not %s", at, short(b), short(a))}
	}
	return nil
}

func same(a, b any) bool {
	switch a.(type) {
	case map[string]any, []any:
		return false
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

func short(v any) string {
	raw, _ := json.Marshal(v) // it was JSON
	if len(raw) > 60 {
		return strings.ToValidUTF8(string(raw[:60]), "") + "..."
	}
	return string(raw)
}
