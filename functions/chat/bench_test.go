package chat_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	openaisdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// serveChat serves chat with everything behind it.
func serveChat(t testing.TB, o llmtest.Options) *llmtest.Bench {
	t.Helper()
	return llmtest.New(t, o, func(m llm.Model) function.Func {
		return chat.New(chat.Deps{Model: m, Silence: silence})
	})
}

// silence is short: tests wait for pings.
const silence = 100 * time.Millisecond

func sdk(b *llmtest.Bench, opts ...option.RequestOption) openaisdk.Client {
	return openaisdk.NewClient(append([]option.RequestOption{
		option.WithBaseURL(b.URL + "/v1"), option.WithAPIKey("dck_test"), option.WithMaxRetries(0),
	}, opts...)...)
}

func question(model string) openaisdk.ChatCompletionNewParams {
	return openaisdk.ChatCompletionNewParams{
		Model:    model,
		Messages: []openaisdk.ChatCompletionMessageParamUnion{openaisdk.UserMessage("Say something long about the sea.")},
	}
}

// send posts a raw body and returns the answer with its whole body.
func send(t testing.TB, b *llmtest.Bench, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	resp := open(t.Context(), t, b, path, body, headers...)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(raw)
}

func open(ctx context.Context, t testing.TB, b *llmtest.Bench, path, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer dck_test")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	return resp
}

func asking(model string, stream bool, more string) string {
	s := `{"model":"` + model + `","messages":[{"role":"user","content":"Tell me about the sea."}]`
	if stream {
		s += `,"stream":true`
	}
	return s + more + "}"
}

// frames splits a stream into its events, blank lines cut off.
func frames(body string) []string {
	var out []string
	for _, f := range strings.Split(body, "\n\n") {
		if f = strings.Trim(f, "\n"); f != "" {
			out = append(out, f)
		}
	}
	return out
}

// nextFrame reads one event.
func nextFrame(t testing.TB, r *bufio.Reader) string {
	t.Helper()
	var b bytes.Buffer
	for {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		if line == "\n" {
			return strings.TrimRight(b.String(), "\n")
		}
		b.WriteString(line)
	}
}
