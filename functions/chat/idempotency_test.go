package chat_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// claims fits redis.Claims as the deployables do.
type claims struct{ *redis.Claims }

func (c claims) Begin(ctx context.Context, tenant, key string) (llm.AnswerClaim, []byte, error) {
	claim, sealed, err := c.Claims.Begin(ctx, tenant, key)
	if claim == nil {
		return nil, sealed, err
	}
	return claim, sealed, err
}

func serveOnce(t *testing.T) *llmtest.Bench {
	t.Helper()
	kek, err := secret.ParseKeyset(stacktest.Env(t).KEK)
	require.NoError(t, err)
	client, err := redis.Open(stacktest.Env(t).RedisURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return llmtest.New(t, llmtest.Options{Coats: func(c *llm.Coats) { c.RetryMost = 1 }}, func(m llm.Model) function.Func {
		return chat.New(chat.Deps{Model: m, Silence: silence, Replays: llm.Replays{
			Answers: claims{redis.NewClaims(client)}, Sealer: secret.NewVault(kek),
		}})
	})
}

func TestAnAnswerIsReplayedUnderItsKey(t *testing.T) {
	for _, stream := range []bool{false, true} {
		b := serveOnce(t)
		body := asking("gpt-4o", stream, "")
		first, want := send(t, b, "/v1/chat/completions", body, dcoder.HeaderIdempotencyKey, "once")
		require.Equal(t, http.StatusOK, first.StatusCode)
		require.Empty(t, first.Header.Get(dcoder.HeaderReplayed))
		again, got := send(t, b, "/v1/chat/completions", body, dcoder.HeaderIdempotencyKey, "once")
		require.Equal(t, http.StatusOK, again.StatusCode, got)
		require.Equal(t, "true", again.Header.Get(dcoder.HeaderReplayed))
		require.Equal(t, first.Header.Get("Content-Type"), again.Header.Get("Content-Type"))
		require.Equal(t, want, got)
		if stream {
			_, _, failure := checkStream(t, got)
			require.Nil(t, failure)
		}
		b.Rows(1)
		require.Len(t, b.Sim.Requests(0), 1)

		other, text := send(t, b, "/v1/chat/completions", asking("gpt-4o", stream, `,"max_tokens":5`), dcoder.HeaderIdempotencyKey, "once")
		require.Equal(t, http.StatusUnprocessableEntity, other.StatusCode, text)
		require.Contains(t, text, "idempotency_key_reused")
	}
}

func TestTheAnswerIsSealedAtRest(t *testing.T) {
	b := serveOnce(t)
	_, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""), dcoder.HeaderIdempotencyKey, "sealed")
	keys, err := b.Redis.Keys(t.Context(), "{"+b.Tenant+"}:idem:*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 1)
	stored, err := b.Redis.Get(t.Context(), keys[0]).Result()
	require.NoError(t, err)
	require.NotContains(t, stored, body[20:60])
}

func TestARunningKeyIsAConflict(t *testing.T) {
	b := serveOnce(t)
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSlow, Tokens: 3000, Latency: llmsim.Latency{PerToken: llmsim.Duration(5 * time.Millisecond)}}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := open(ctx, t, b, "/v1/chat/completions", asking("gpt-4o", true, ""), dcoder.HeaderIdempotencyKey, "busy")
	defer first.Body.Close()
	nextFrame(t, bufio.NewReader(first.Body))
	second, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", true, ""), dcoder.HeaderIdempotencyKey, "busy")
	require.Equal(t, http.StatusConflict, second.StatusCode, body)
	require.Equal(t, "1", second.Header.Get("Retry-After"))
	cancel() // hung up: the key is free again
	b.Sim.Reset()
	require.Eventually(t, func() bool {
		third, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o", true, ""), dcoder.HeaderIdempotencyKey, "busy")
		return third.StatusCode == http.StatusOK && third.Header.Get(dcoder.HeaderReplayed) == ""
	}, 10*time.Second, 20*time.Millisecond)
}

func TestAFailureFreesTheKey(t *testing.T) {
	b := serveOnce(t)
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 500, Count: 1}))
	first, _ := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""), dcoder.HeaderIdempotencyKey, "failing")
	require.Equal(t, http.StatusBadGateway, first.StatusCode)
	second, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", false, ""), dcoder.HeaderIdempotencyKey, "failing")
	require.Equal(t, http.StatusOK, second.StatusCode, body)
	require.Empty(t, second.Header.Get(dcoder.HeaderReplayed))
}

func TestADrainEndsAStreamWithARetryableFrame(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSlow, Tokens: 3000, Latency: llmsim.Latency{PerToken: llmsim.Duration(2 * time.Millisecond)}}))
	resp := open(t.Context(), t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	for f := ""; f == "" || f[0] == ':'; f = nextFrame(t, r) {
	}
	b.Drain()
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	_, _, failure := checkStream(t, string(rest))
	require.Equal(t, "draining", failure["code"])
	row := b.Row()
	require.Equal(t, "draining", row.ErrorCode)
	require.True(t, row.Estimated)
	require.Positive(t, row.Tokens.Output)
	require.Equal(t, llmsim.StateAborted, b.Seen(1)[0].State)
}

// TestStreamsOfEveryRouteAreReplayed: messages and responses too, forwarded and translated.
func TestStreamsOfEveryRouteAreReplayed(t *testing.T) {
	for _, way := range streamsOf {
		for _, model := range everyProvider {
			b := serveOnce(t)
			body := fmt.Sprintf(way.body, model)
			first, want := send(t, b, way.path, body, dcoder.HeaderIdempotencyKey, "once")
			require.Equal(t, http.StatusOK, first.StatusCode, want)
			again, got := send(t, b, way.path, body, dcoder.HeaderIdempotencyKey, "once")
			require.Equal(t, http.StatusOK, again.StatusCode, got)
			require.Equal(t, "true", again.Header.Get(dcoder.HeaderReplayed), "%s %s", way.path, model)
			require.Equal(t, first.Header.Get("Content-Type"), again.Header.Get("Content-Type"))
			const ping = "event: ping\ndata: {\"type\": \"ping\"}\n\n" // says nothing: not kept
			require.Equal(t, strings.ReplaceAll(want, ping, ""), got)
			b.Rows(1)
			require.Len(t, b.Sim.Requests(0), 1)
		}
	}
}
