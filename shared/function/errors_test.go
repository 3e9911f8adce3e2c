package function_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestEnvelopes: every class of error in every envelope, head and body, as one
// golden file each.
func TestEnvelopes(t *testing.T) {
	failures := map[string]error{
		"invalid":      dcoder.Invalid("max_tokens", "max_tokens must be positive"),
		"unauthorized": dcoder.Unauthorized("invalid_key", "no valid key was given"),
		"forbidden":    dcoder.Forbidden("model_not_allowed", "this key may not use %q", "gpt-x"),
		"not_found":    dcoder.NotFound("model", "gpt-x"),
		"conflict":     dcoder.Conflict("name_taken", "the name is taken"),
		"rate": &dcoder.Error{
			Status: 429, Code: "rate_limit_exceeded", Message: "100 requests a minute are used", RetryAfter: 1500 * time.Millisecond,
			Details: map[string]any{"scope": "key", "limit": 100, "used": 100, "reset": "2026-11-22T12:01:00Z"},
		},
		"budget": &dcoder.Error{
			Status: 429, Code: "budget_exceeded", Message: "the budget of the month is used", NoRetry: true,
			RetryAfter: 72 * time.Hour, Details: map[string]any{"scope": "tenant", "limit": 100, "used": 100},
		},
		"unavailable": dcoder.Unavailable("overloaded", "try again in a second", time.Second, errors.New("the private cause")),
		"internal":    errors.New("the private cause"),
		"wrapped":     errors.Join(errors.New("the private cause"), dcoder.Invalid("name", "taken")),
	}
	names := make([]string, 0, len(failures))
	for name := range failures {
		names = append(names, name)
	}
	sort.Strings(names)
	for envelope, file := range map[function.Envelope]string{
		function.EnvelopeDcoder: "dcoder", function.EnvelopeOpenAI: "openai", function.EnvelopeAnthropic: "anthropic",
	} {
		t.Run(file, func(t *testing.T) {
			var out bytes.Buffer
			for _, name := range names {
				h := host(t, function.Wiring{}, function.New("f", function.Handle("GET /x",
					func(http.ResponseWriter, *http.Request) error { return failures[name] },
					function.Public(), function.Errors(envelope))))
				out.WriteString("# " + name + "\n" + golden(ask(h, "GET", "/x", "", "X-Request-Id", "r-1")) + "\n")
			}
			require.NotContains(t, out.String(), "private")
			path := filepath.Join("testdata", "envelope_"+file+".golden")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, out.Bytes(), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String())
		})
	}
}

func golden(w *httptest.ResponseRecorder) string {
	lines := []string{}
	for name, values := range w.Header() {
		if name != "X-Trace-Id" && name != "Content-Length" {
			lines = append(lines, name+": "+strings.Join(values, ", "))
		}
	}
	sort.Strings(lines)
	return http.StatusText(w.Code) + "\n" + strings.Join(lines, "\n") + "\n" + w.Body.String()
}

func TestUnknownRoutesAnswerInTheirClientsEnvelope(t *testing.T) {
	nothing := func(http.ResponseWriter, *http.Request) error { return nil }
	chat := function.New("chat", function.Handle("POST /v1/chat/completions", nothing, function.Public(), function.Errors(function.EnvelopeOpenAI)))
	alone, beside := host(t, function.Wiring{}, chat), host(t, function.Wiring{}, chat, providers())
	for name, c := range map[string]struct {
		host           http.Handler
		method, target string
		anthropic      bool
		want           string
	}{
		"unknown, OpenAI only":   {alone, "GET", "/v1/nothing", false, `"type":"invalid_request_error","param":null,"code":"unknown_route"`},
		"405 of an OpenAI route": {beside, "GET", "/v1/chat/completions", false, `"code":"method_not_allowed"`},
		"unknown, ours":          {beside, "GET", "/v1/nothing", false, `"details":{}`},
		"unknown, Anthropic's":   {beside, "GET", "/v1/nothing", true, `"type":"not_found_error"`},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if c.anthropic {
				headers = []string{"Anthropic-Version", "2023-06-01"}
			}
			require.Contains(t, ask(c.host, c.method, c.target, "", headers...).Body.String(), c.want)
		})
	}
}

func TestPublicErrorTellsWhyTheRequestEnded(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave()
	drained, drain := context.WithCancelCause(context.Background())
	drain(function.ErrDraining)
	late, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	wrapped := errors.New("read the upstream's answer: context canceled")
	require.Equal(t, function.StatusClientGone, function.PublicError(gone, wrapped).Status)
	require.Equal(t, 503, function.PublicError(drained, wrapped).Status)
	require.Equal(t, 504, function.PublicError(late, wrapped).Status)
	require.Equal(t, 500, function.PublicError(context.Background(), wrapped).Status)
	require.Equal(t, 404, function.PublicError(gone, dcoder.NotFound("a", "b")).Status)
}
