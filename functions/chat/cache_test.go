package chat_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses/responsestest"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

func sealer(t testing.TB) llm.Sealer {
	t.Helper()
	keys, err := secret.NewKeyset()
	require.NoError(t, err)
	kek, err := secret.ParseKeyset(keys)
	require.NoError(t, err)
	return secret.NewVault(kek)
}

func serveCached(t testing.TB, o llmtest.Options) *llmtest.Bench {
	t.Helper()
	if o.Sealer == nil {
		o.Sealer = sealer(t)
	}
	b := llmtest.New(t, o, serving)
	t.Cleanup(func() { forget(t, b) })
	return b
}

func serving(m llm.Model) function.Func { return chat.New(chat.Deps{Model: m}) }

// forget removes what a tenant's cache left.
func forget(t testing.TB, b *llmtest.Bench) {
	t.Helper()
	ctx := t.Context()
	if ctx.Err() != nil {
		return // entries and claims end by themselves
	}
	keys, err := b.Redis.Keys(ctx, "{"+b.Tenant+"}:*").Result()
	require.NoError(t, err)
	b.Redis.Del(ctx, keys...)
}

// said is what an answer says, whatever form it came in.
type said struct{ id, text string }

func told(t *testing.T, route, body string, stream bool) said {
	t.Helper()
	raw := []byte(body)
	switch {
	case route == "/v1/chat/completions" && stream:
		s := chattest.ValidStream(t, raw, chattest.Expect{Native: true})
		return said{s.ID, s.Answers[0].Content}
	case route == "/v1/messages" && stream:
		m := messagestest.ValidStream(t, raw, messagestest.Expect{})
		require.Equal(t, "end_turn", m.StopReason)
		return said{m.ID, m.Text()}
	case route == "/v1/responses" && stream:
		s := responsestest.ValidStream(t, raw, responsestest.Expect{})
		require.Equal(t, "completed", s.Status)
		return said{s.ID, s.Text}
	case route == "/v1/completions" && stream:
		out := said{}
		for _, frame := range frames(body) {
			var c struct {
				ID      string
				Choices []struct{ Text string }
			}
			text := strings.TrimPrefix(frame, "data: ")
			if text == "[DONE]" {
				return out
			}
			require.NoError(t, json.Unmarshal([]byte(text), &c), frame)
			out.id = c.ID
			for _, choice := range c.Choices {
				out.text += choice.Text
			}
		}
		t.Fatal("no end")
	}
	var a struct {
		ID      string
		Choices []struct {
			Text    string
			Message struct{ Content string }
		}
		Content []struct{ Text string }
		Output  []struct{ Content []struct{ Text string } }
	}
	require.NoError(t, json.Unmarshal(raw, &a), body)
	switch route {
	case "/v1/chat/completions":
		return said{a.ID, a.Choices[0].Message.Content}
	case "/v1/completions":
		return said{a.ID, a.Choices[0].Text}
	case "/v1/messages":
		return said{a.ID, a.Content[0].Text}
	}
	return said{a.ID, a.Output[0].Content[0].Text}
}

var routes = map[string]string{
	"/v1/chat/completions": `{"model":"%s","stream":%t,"messages":[{"role":"user","content":"Tell me of the sea."}],"user":"%s"}`,
	"/v1/messages":         `{"model":"%s","stream":%t,"max_tokens":900,"messages":[{"role":"user","content":"Tell me of the sea."}],"metadata":{"user_id":"%s"}}`,
	"/v1/responses":        `{"model":"%s","stream":%t,"store":false,"input":"Tell me of the sea.","stream_options":null%.0s}`,
	"/v1/completions":      `{"model":"%s","stream":%t,"prompt":"Tell me of the sea.","max_tokens":900,"user":"%s"}`,
}

// TestAnAnswerIsGivenAgain: whole or streamed, whichever came first, in each
// shape, from each provider; the second costs nothing and says what it saved.
func TestAnAnswerIsGivenAgain(t *testing.T) {
	for route, body := range routes {
		for _, model := range []string{"gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash"} {
			if route == "/v1/completions" && model != "gpt-4o-mini" {
				continue
			}
			for _, first := range []bool{false, true} {
				t.Run(fmt.Sprint(route, "/", model, "/", first), func(t *testing.T) {
					t.Parallel()
					b := serveCached(t, llmtest.Options{})
					resp, raw := send(t, b, route, fmt.Sprintf(body, model, first, "flex"))
					require.Equal(t, 200, resp.StatusCode, raw)
					require.Equal(t, "miss", resp.Header.Get("X-Cache"))
					one := told(t, route, raw, first)
					require.NotEmpty(t, one.text)
					settled(t, b)
					for _, stream := range []bool{first, !first} {
						resp, raw := send(t, b, route, fmt.Sprintf(body, model, stream, "default"))
						require.Equal(t, 200, resp.StatusCode, raw)
						require.Equal(t, "hit-exact", resp.Header.Get("X-Cache"), raw)
						require.NotEmpty(t, resp.Header.Get("Age"))
						again := told(t, route, raw, stream)
						require.Equal(t, one.text, again.text)
						require.NotEqual(t, one.id, again.id, "an id of its own")
					}
					b.Seen(1)
					rows := b.Rows(3)
					require.Equal(t, "miss", rows[0].Cache)
					require.Positive(t, rows[0].Cost)
					for _, r := range rows[1:] {
						require.Equal(t, "hit-exact", r.Cache)
						require.Zero(t, r.Cost)
						require.Zero(t, r.Tokens)
						require.Equal(t, rows[0].Cost, r.CostBaseline)
						require.Equal(t, dcoder.UsageFinal, r.State)
						require.Equal(t, http.StatusOK, r.Status)
					}
				})
			}
		}
	}
}

// settled waits until the answer of the call is on the shelf.
func settled(t *testing.T, b *llmtest.Bench) {
	t.Helper()
	require.Eventually(t, func() bool { return kept(t, b) > 0 }, waiting, tick, "an answer on the shelf")
}

const (
	waiting = 60 * time.Second
	tick    = 5 * time.Millisecond
)

// kept counts the answers of the bench's tenant.
func kept(t *testing.T, b *llmtest.Bench) (n int) {
	t.Helper()
	keys, err := b.Redis.Keys(t.Context(), "{"+b.Tenant+"}:*:*:*").Result()
	require.NoError(t, err)
	for _, k := range keys {
		if !strings.Contains(k, ":flight:") {
			n++
		}
	}
	return n
}
