package google

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

func candidate(base, model string) *llm.Candidate {
	return &llm.Candidate{Model: model, Grant: dcoder.ProviderGrant{BaseURL: base}}
}

func TestAddress(t *testing.T) {
	for base, want := range map[string]string{
		"https://generativelanguage.googleapis.com":     "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
		"https://generativelanguage.googleapis.com/v1/": "https://generativelanguage.googleapis.com/v1/models/gemini-2.5-flash:generateContent",
		"http://127.0.0.1:8080/v1beta":                  "http://127.0.0.1:8080/v1beta/models/gemini-2.5-flash:generateContent",
		"ftp://example.com":                             "",
		"https://":                                      "",
		"https://a:b@example.com":                       "",
		"https://example.com/v1?key=x":                  "",
		"generativelanguage.googleapis.com":             "",
	} {
		u, err := Address(candidate(base, "gemini-2.5-flash"), basePath, "models", "generateContent")
		if want == "" {
			require.Equal(t, "provider_misconfigured", dcoder.AsError(err).Code, base)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, u.String())
	}
}

func TestRow33NamesThatAreNone(t *testing.T) {
	for _, name := range []string{
		"", "../x", "a/../b", "..", ".hidden", "models/gemini-2.5-flash", "tunedModels/x", "projects/p/locations/l/models/x", "a%2f..%2fb", "a?b", "a#b", "a b",
		"a\nb", "a:streamGenerateContent", "ä", strings.Repeat("a", 129),
	} {
		err := CheckModel(name)
		require.Error(t, err, "%q", name)
		require.Equal(t, "model", dcoder.AsError(err).Field)
	}
	for _, name := range []string{"gemini-2.5-flash", "gemini-2.0-flash-001", "claude-3-7-sonnet@20250219", "text-multilingual-embedding-002", "a.b_c"} {
		require.NoError(t, CheckModel(name))
	}
}

func TestFamilies(t *testing.T) {
	for model, want := range map[string]struct {
		thinks  canonical.Thinks
		words   int
		signed  bool
		forever bool
	}{
		"gemini-3-pro-preview":             {canonical.ThinksEffort, 2, true, true},
		"gemini-3.1-pro-preview":           {canonical.ThinksEffort, 3, true, true},
		"gemini-3-flash-preview":           {canonical.ThinksEffort, 4, true, true},
		"gemini-3.5-flash":                 {canonical.ThinksEffort, 4, true, true},
		"gemini-2.5-pro":                   {canonical.ThinksBudget, 0, false, true},
		"gemini-2.5-flash-preview-09-2025": {canonical.ThinksBudget, 0, false, false},
		"gemini-2.5-flash-lite":            {canonical.ThinksBudget, 0, false, false},
		"gemini-2.0-flash":                 {canonical.ThinksNot, 0, false, false},
		"gemini-flash-latest":              {canonical.ThinksBudget, 0, true, false},
		"a-model-of-2031":                  {canonical.ThinksBudget, 0, true, false},
	} {
		a, v := Studio(model), Vertex(model)
		require.True(t, a.Known)
		require.Equal(t, want.thinks, a.Thinks, model)
		require.Len(t, a.Efforts, want.words, model)
		require.Equal(t, want.signed, a.SignedCalls, model)
		require.Equal(t, want.forever, a.CannotTurnOff, model)
		require.True(t, a.CallIDs)
		require.False(t, v.CallIDs)
		require.True(t, v.LogProbs)
	}
}

func TestClassify(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		p      canonical.Problem
		want   int
		code   string
		retry  bool
	}{
		"a bad key":      {400, canonical.Problem{Type: "INVALID_ARGUMENT", Code: "API_KEY_INVALID", Message: "API key not valid."}, 502, "provider_credential_refused", false},
		"an old key":     {400, canonical.Problem{Type: "INVALID_ARGUMENT", Message: "API key expired. Please renew the API key."}, 502, "provider_credential_refused", false},
		"no permission":  {403, canonical.Problem{Type: "PERMISSION_DENIED"}, 502, "provider_credential_refused", false},
		"a bad request":  {400, canonical.Problem{Type: "INVALID_ARGUMENT", Message: "contents"}, 400, "invalid_request_error", false},
		"a bad state":    {400, canonical.Problem{Type: "FAILED_PRECONDITION"}, 400, "failed_precondition", false},
		"too many":       {429, canonical.Problem{Type: "RESOURCE_EXHAUSTED"}, 429, "provider_rate_limited", true},
		"overloaded":     {503, canonical.Problem{Type: "UNAVAILABLE"}, 503, "overloaded_error", true},
		"broken":         {500, canonical.Problem{Type: "INTERNAL"}, 502, "internal", true},
		"cancelled":      {499, canonical.Problem{Type: "CANCELLED"}, 503, "cancelled", true},
		"HTML, no words": {404, canonical.Problem{}, 404, "invalid_request_error", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := Classify(c.status, http.Header{}, c.p)
			require.Equal(t, c.want, f.Public.Status)
			require.Equal(t, c.code, f.Public.Code)
			require.Equal(t, c.retry, f.Retry)
		})
	}
}

func TestSplit(t *testing.T) {
	require.Equal(t, [][]string{{"a", "b"}, {"c"}}, split([]string{"a", "b", "c"}, 2, 0))
	long := strings.Repeat("word ", 1000)
	require.Len(t, split([]string{long, long, "x"}, 250, 1500), 2, "by tokens")
	require.Len(t, split([]string{long}, 250, 1), 1, "a single text is the provider's to refuse")
}

// FuzzEmbeddings: whatever a client or a provider sends, the answer is JSON with
// one vector for each text, or an error.
func FuzzEmbeddings(f *testing.F) {
	f.Add([]byte(`{"input":["a","b"],"dimensions":2,"encoding_format":"base64"}`), []byte(`{"embeddings":[{"values":[0.5,-1e-3]},{"values":[]}]}`))
	f.Add([]byte(`{"input":"a"}`), []byte(`{"embeddings":[{"values":"x"}],"usageMetadata":{"promptTokenCount":2}}`))
	f.Add([]byte(`{"input":[1]}`), []byte(`{}`))
	f.Add([]byte(`{"input":"a","encoding_format":"base64"}`), []byte(`{"embeddings":[{"values":[1e39]},{}]}`))
	f.Fuzz(func(t *testing.T, ask, say []byte) {
		in, err := readInput(ask)
		if err != nil {
			require.Equal(t, http.StatusBadRequest, dcoder.AsError(err).Status)
			return
		}
		vectors, tokens, err := readEmbeddings(say)
		if err != nil {
			return
		}
		rep, err := in.reply(nil, candidate("", "m"), []answer{{vectors: vectors, tokens: tokens}})
		if err != nil {
			return
		}
		var out struct{ Data []any }
		require.NoError(t, json.Unmarshal(rep.Body.B, &out), "%s", rep.Body.B)
		require.Len(t, out.Data, len(vectors))
	})
}
