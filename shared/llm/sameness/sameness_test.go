package sameness_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/sameness"
)

func of(raw string) string {
	return string(sameness.Append(nil, []byte(raw), func(name, _ []byte) bool { return string(name) == "user" }))
}

func TestRequestsThatAskTheSame(t *testing.T) {
	for _, row := range []struct {
		name, a, b string
		same       bool
	}{
		{"order of members", `{"a":1,"b":2}`, `{"b":2,"a":1}`, true},
		{"order of inner members", `{"m":[{"role":"user","content":"x"}]}`, `{"m":[{"content":"x","role":"user"}]}`, true},
		{"spaces", `{"a":[1,{"b":null}]}`, " { \"a\" :\n[ 1 , {\t\"b\" : null } ] } ", true},
		{"escapes", `{"a":"é\n/\""}`, `{"a":"\u00e9\u000a\/\u0022"}`, true},
		{"escaped names", `{"abc":1}`, `{"\u0061bc":1}`, true},
		{"what means nothing", `{"a":1,"user":{"x":[1]}}`, `{"a":1}`, true},
		{"the same name inside", `{"a":{"user":1}}`, `{"a":{"user":2}}`, false},
		{"order of a list", `{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{"spaces in a text", `{"a":"x y"}`, `{"a":"x  y"}`, false},
		{"numbers as written", `{"a":1}`, `{"a":1.0}`, false},
		{"text and number", `{"a":"1"}`, `{"a":1}`, false},
		{"nothing and null", `{"a":null}`, `{}`, false},
		{"twice", `{"a":1,"a":2}`, `{"a":2,"a":1}`, false},
		{"lone surrogates", `{"a":"\ud800"}`, `{"a":"\udc00"}`, false},
		{"a control character", `{"a":"\u0001"}`, `{"a":"u0001"}`, false},
		{"case", `{"a":"Yes"}`, `{"a":"yes"}`, false},
	} {
		require.Equal(t, row.same, of(row.a) == of(row.b), "%s: %s, %s", row.name, of(row.a), of(row.b))
	}
}

// TestTheFormMeansTheSame: what is written is the same JSON value, and writing it
// again changes nothing.
func TestTheFormMeansTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		v := map[string]any{"k": anything(r, 4), "a": anything(r, 3)}
		var raw bytes.Buffer
		e := json.NewEncoder(&raw)
		e.SetEscapeHTML(r.IntN(2) == 0)
		e.SetIndent("", strings.Repeat(" ", r.IntN(3)))
		require.NoError(t, e.Encode(v))
		once := sameness.Append(nil, raw.Bytes(), nil)
		require.JSONEq(t, raw.String(), string(once))
		require.Equal(t, string(once), string(sameness.Append(nil, once, nil)))
		again, err := json.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, string(once), string(sameness.Append(nil, again, nil)), "however it is spaced and escaped")
	}
}

func anything(r *rand.Rand, depth int) any {
	switch n := r.IntN(7); {
	case n == 0 && depth > 0:
		m := map[string]any{}
		for range r.IntN(20) {
			m[word(r)] = anything(r, depth-1)
		}
		return m
	case n == 1 && depth > 0:
		var l []any
		for range r.IntN(5) {
			l = append(l, anything(r, depth-1))
		}
		return l
	case n == 2:
		return r.IntN(1000)
	case n == 3:
		return r.IntN(2) == 0
	case n == 4:
		return nil
	}
	return word(r)
}

func word(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteRune([]rune("abc é\"\\\n\u2028<&😀\x01\x7f")[r.IntN(14)])
	}
	return b.String()
}

// FuzzAppend: whatever comes, nothing panics, and valid JSON keeps its meaning.
func FuzzAppend(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":"\u00e9"}],"c":-1e5}`))
	f.Add([]byte(`{"a"`))
	f.Add([]byte(`{"a":"\`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		out := sameness.Append(nil, raw, nil)
		if len(raw) > 0 && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) && json.Valid(raw) {
			require.True(t, json.Valid(out), "%q -> %q", raw, out)
			require.Equal(t, string(out), string(sameness.Append(nil, out, nil)))
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	raw := []byte(`{"model":"gpt-4o","messages":[{"role":"system","content":"` + strings.Repeat("You answer briefly. ", 40) +
		`"},{"role":"user","content":"` + strings.Repeat("What is it? ", 80) + `"}],"stream":true}`)
	var out []byte
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		out = sameness.Append(out[:0], raw, nil)
	}
}
