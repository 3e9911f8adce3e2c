package llmsim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTokensConcatenateToTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-zé漢 \n.,!]|\xff){0,60}`)).Draw(t, "s")
		tokens := Tokenize(s)
		require.Equal(t, s, strings.Join(tokens, ""))
		require.Len(t, tokens, CountTokens(s))
		for _, tok := range tokens {
			require.NotEmpty(t, tok)
		}
	})
}

// drawSchema draws a schema that has instances.
func drawSchema(t *rapid.T, depth int) map[string]any {
	kinds := []string{"string", "integer", "number", "boolean"}
	if depth > 0 {
		kinds = append(kinds, "object", "array", "object")
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "object":
		props, required := map[string]any{}, []string{}
		for _, k := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z_]{1,8}`), 0, 4, rapid.ID).Draw(t, "keys") {
			props[k] = drawSchema(t, depth-1)
			if rapid.Bool().Draw(t, "required") {
				required = append(required, k)
			}
		}
		return map[string]any{"type": kind, "properties": props, "required": required, "additionalProperties": false}
	case "array":
		least := rapid.IntRange(0, 4).Draw(t, "least")
		return map[string]any{"type": kind, "items": drawSchema(t, depth-1), "minItems": least, "maxItems": least + rapid.IntRange(0, 3).Draw(t, "more")}
	case "string":
		return drawString(t)
	case "integer", "number":
		lo := rapid.IntRange(-1000, 1000).Draw(t, "lo")
		return map[string]any{"type": kind, "minimum": lo, "maximum": lo + rapid.IntRange(0, 50).Draw(t, "span")}
	default:
		return map[string]any{"type": kind}
	}
}

func drawString(t *rapid.T) map[string]any {
	switch rapid.IntRange(0, 3).Draw(t, "sort") {
	case 0:
		return map[string]any{"type": "string", "enum": []string{"red", "green"}}
	case 1:
		return map[string]any{"type": "string", "format": rapid.SampledFrom([]string{"date-time", "date", "email", "uuid", "ipv4", "uri"}).Draw(t, "format")}
	case 2:
		return map[string]any{"type": "string", "pattern": rapid.SampledFrom([]string{`^[A-Z]{3}-\d{4}$`, `^(a|b)+c?$`, `^\+?[1-9]\d{1,14}$`}).Draw(t, "pattern")}
	}
	least := rapid.IntRange(0, 40).Draw(t, "least")
	return map[string]any{"type": "string", "minLength": least, "maxLength": least + rapid.IntRange(0, 5).Draw(t, "more")}
}

// TestInstancesFitTheirSchema judges with another library's validator.
func TestInstancesFitTheirSchema(t *testing.T) {
	h := hints(&ask{turns: []turn{{"user", "Book 12 seats and 3.5 rooms in Rome, Italy for Alice"}}})
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(drawSchema(t, 3))
		require.NoError(t, err)
		instance := instanceOf(raw, h)
		var value any
		require.NoError(t, json.Unmarshal([]byte(instance), &value), instance)
		var schema huma.Schema
		require.NoError(t, json.Unmarshal(raw, &schema))
		precompute(&schema)
		res := &huma.ValidateResult{}
		huma.Validate(huma.NewMapRegistry("#/", huma.DefaultSchemaNamer), &schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, res)
		require.Empty(t, res.Errors, "schema %s\ninstance %s", raw, instance)
	})
}

func precompute(s *huma.Schema) {
	s.PrecomputeMessages()
	for _, p := range s.Properties {
		precompute(p)
	}
	if s.Items != nil {
		precompute(s.Items)
	}
}

func TestSchemaReferences(t *testing.T) {
	for schema, want := range map[string]string{
		`{"$defs":{"n":{"type":"object","properties":{"v":{"const":7},"next":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/n"}]}},"required":["v"]}},"$ref":"#/$defs/n"}`: `"v":7`,
		`{"type":"object","properties":{"a":{"$ref":"#"}}}`:                                             `{"a":`,
		`{"allOf":[{"type":"object","properties":{"a":{"const":1}}},{"properties":{"b":{"const":2}}}]}`: `{"a":1,"b":2}`,
		`{"type":["null","boolean"]}`:                                                                   `true`,
		`{"$ref":"#/$defs/gone"}`:                                                                       `"`,
		`not a schema`:                                                                                  `{}`,
		`{"type":"integer","exclusiveMinimum":10,"multipleOf":5}`:                                       `15`,
	} {
		got := instanceOf(json.RawMessage(schema), &hint{})
		require.Contains(t, got, want, schema)
		require.True(t, json.Valid([]byte(got)), got)
	}
}

func TestEmbeddings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, dim := rapid.String().Draw(t, "s"), rapid.IntRange(1, 512).Draw(t, "dim")
		v := Embed(s, dim)
		require.Len(t, v, dim)
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		require.InDelta(t, 1, sum, 1e-4)
		raw, err := base64.StdEncoding.DecodeString(base64Floats(v))
		require.NoError(t, err)
		require.Equal(t, v[dim-1], math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(dim-1):])))
	})
}

// FuzzRequests sends any bytes to every route: an answer or an error, always
// valid JSON in the vendor's shape, never a panic.
func FuzzRequests(f *testing.F) {
	routes := []string{
		"/v1/chat/completions", "/openai/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages", "/v1/messages/count_tokens",
		"/v1beta/models/gemini-2.5-flash:generateContent", "/v1beta/models/gemini-2.5-flash:countTokens", "/v1beta/models/gemini-embedding-001:batchEmbedContents",
		"/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4:rawPredict",
	}
	f.Add(byte(0), []byte(`{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"$ref":"#"}}}}}],"tool_choice":"required"}`))
	f.Add(byte(3), []byte(`{"model":"text-embedding-3-small","input":[[1,2],[3]],"dimensions":3,"encoding_format":"base64"}`))
	f.Add(byte(4), []byte(`{"model":"gpt-5","input":[{"type":"function_call_output","output":"x"}],"text":{"format":{"type":"json_schema","schema":{"anyOf":[{"type":"array","minItems":9}]}}}}`))
	f.Add(byte(5), []byte(`{"model":"claude-sonnet-4","max_tokens":5,"system":[{"type":"text","text":"a."}],"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"x"}]}]}]}`))
	f.Add(byte(7), []byte(`{"contents":[{"parts":[{"text":"a"},{"functionResponse":{"name":"f","response":{"a":1}}}]}],"generationConfig":{"responseSchema":{"type":"STRING","pattern":"a{3}"}}}`))
	server := New(Config{MaxBody: 1 << 16})
	f.Fuzz(func(t *testing.T, route byte, body []byte) {
		if strings.Contains(string(body), "sim-") {
			return // such names ask for silence and cuts
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, routes[int(route)%len(routes)], strings.NewReader(string(body)))
		req.Header.Set("Authorization", "Bearer k")
		rec := httptest.NewRecorder()
		server.Handler().ServeHTTP(rec, req)
		require.Less(t, rec.Code, 500)
		out := rec.Body.String()
		if strings.HasPrefix(out, "data:") || strings.HasPrefix(out, "event:") {
			require.Contains(t, out, "\n\n")
			return
		}
		require.True(t, json.Valid([]byte(out)), "%.300s", out)
	})
}

func BenchmarkInstant(b *testing.B) {
	for name, body := range map[string]string{
		"plain-1KB":   `{"model":"sim-instant","messages":[{"role":"user","content":"` + strings.Repeat("x", 1000) + `"}]}`,
		"plain-100KB": `{"model":"sim-instant","messages":[{"role":"user","content":"` + strings.Repeat("x", 100_000) + `"}]}`,
		"decoded-1KB": `{"model":"gpt-4o","messages":[{"role":"user","content":"` + strings.Repeat("x", 1000) + `"}]}`,
	} {
		b.Run(name, func(b *testing.B) {
			h := New(Config{}).Handler()
			b.ReportAllocs()
			for b.Loop() {
				req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
				req.Header.Set("Authorization", "Bearer k")
				h.ServeHTTP(httptest.NewRecorder(), req)
			}
		})
	}
}
