package openai

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

func TestErrorsAreReadInEveryShape(t *testing.T) {
	for body, want := range map[string]canonical.Problem{
		`{"error":{"message":"no","type":"invalid_request_error","param":"n","code":"bad_n"}}`: {Message: "no", Type: "invalid_request_error", Param: "n", Code: "bad_n"},
		`{"error":{"message":"slow down","code":429}}`:                                         {Message: "slow down", Status: 429},
		`{"error":"plain"}`:                            {Message: "plain"},
		`{"message":"bare","type":"x"}`:                {Message: "bare", Type: "x"},
		`{"detail":"fast"}`:                            {Message: "fast"},
		`{"error":{"message":"key sk-1 is bad"}}`:      {Message: "key [credential] is bad"},
		`{"error":{"code":"no code, but a sentence"}}`: {},
		`<html>502 Bad Gateway</html>`:                 {},
		``:                                             {},
	} {
		require.Equal(t, want, wire.Clean(said([]byte(body)), "sk-1"), body)
	}
}

// A credential that stands where a long message is cut is gone, not halved, and a
// code that holds one is none.
func TestACredentialIsNotShownInPart(t *testing.T) {
	const secret = "sk-simulator-0123456789abcdef"
	body := `{"error":{"message":"` + strings.Repeat("x", 2<<10-10) + secret + `","code":"` + secret + `"}}`
	f := eventFailure([]byte(body), secret)
	require.NotContains(t, f.Public.Message, "sk-")
	require.NotContains(t, f.Public.Code, "sk-")
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"2": 2 * time.Second, "0.5": 500 * time.Millisecond, "-1": 0, "soon": 0, "": 0, "1e99": 0} {
		require.Equal(t, want, wire.RetryAfter(http.Header{"Retry-After": {value}}), value)
	}
	require.Equal(t, 1500*time.Millisecond, wire.RetryAfter(http.Header{"Retry-After": {"9"}, "Retry-After-Ms": {"1500"}}))
	date := time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat)
	require.InDelta(t, 30, wire.RetryAfter(http.Header{"Retry-After": {date}}).Seconds(), 5)
}

func TestContentOfChunks(t *testing.T) {
	for chunk, want := range map[string]struct {
		tokens int64
		some   bool
	}{
		`{"choices":[{"delta":{"role":"assistant","content":""}}]}`:                                                                   {0, false},
		`{"choices":[{"delta":{"role":"assistant","content":null,"refusal":null}}]}`:                                                  {0, false},
		`{"choices":[{"delta":{"content":" hello"}}]}`:                                                                                {1, true},
		`{"choices":[{"delta":{"reasoning":"hm"}},{"delta":{"content":"x"}}]}`:                                                        {2, true},
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}}]}`: {1, true},
		`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}}]}`:                                      {1, true},
		`{"choices":[{"delta":{},"finish_reason":"stop"}]}`:                                                                           {0, true},
		`{"choices":[{"text":"once","index":0}]}`:                                                                                     {1, true},
		`{"choices":[],"usage":{"prompt_tokens":1}}`:                                                                                  {0, false},
		`{"id":"x"}`: {0, false},
	} {
		var doc jsonscan.Doc
		require.NoError(t, answerFields.Scan([]byte(chunk), jsonscan.Limits{}, &doc))
		tokens, some := content(&doc)
		require.Equal(t, want.tokens, tokens, chunk)
		require.Equal(t, want.some, some, chunk)
	}
}
