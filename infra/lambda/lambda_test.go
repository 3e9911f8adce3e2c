package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/lambda/awssim"
	"github.com/d-coder-ai/dcoder/infra/lambda/runtimeapi"
	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const aMinute = time.Minute

// TestTheUsageRowOfACompletionArrives: the whole way on AWS, with real programs:
// function URL, chat, SQS, usage, row; and what a broken way left, by the schedule.
func TestTheUsageRowOfACompletionArrives(t *testing.T) {
	p := newPlatform(t)
	tenant, key := p.tenant()
	chat, usage := p.start("chat"), p.start("usage")
	source := awssim.Source{Server: p.aws, Queue: "usage", Dead: "dead", Invoke: func(ctx context.Context, raw []byte) ([]byte, bool, error) {
		return usage.Whole(ctx, raw, aMinute)
	}}

	answer, err := chat.Ask(t.Context(), completion(key, "request-1"), aMinute)
	require.NoError(t, err)
	require.Equal(t, 200, answer.Status)
	require.Equal(t, "text/event-stream", answer.Headers["Content-Type"])
	until(t, answer.Body, "first") // and the provider has not said more yet: it streams
	p.provider.next <- struct{}{}
	rest, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Broken())
	require.Contains(t, string(rest), "data: [DONE]")
	require.Len(t, p.aws.Queue("usage"), 1, "held before the answer's end, since nothing runs after it")
	n, err := source.Once(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, map[string]string{"request-1": "final"}, p.rows(tenant))

	t.Run("what could not be published waits for the schedule", func(t *testing.T) {
		p.aws.Fail(1000)
		p.provider.next <- struct{}{}
		answer, err := chat.Ask(t.Context(), completion(key, "request-2"), aMinute)
		require.NoError(t, err)
		_, err = io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Broken(), "the client's answer is whole all the same")
		require.Empty(t, p.aws.Queue("usage"))
		p.aws.Fail(0)
		dispatcher := p.start("dispatcher")
		require.Eventually(t, func() bool {
			raw, failed, err := dispatcher.Whole(t.Context(), []byte(`{"source":"aws.events","detail-type":"Scheduled Event","time":"2026-11-22T00:01:00Z"}`), aMinute)
			require.NoError(t, err)
			require.False(t, failed, string(raw))
			_, err = source.Once(t.Context())
			require.NoError(t, err)
			return len(p.rows(tenant)) == 2
		}, patience, 200*time.Millisecond)
		require.Equal(t, "final", p.rows(tenant)["request-2"])
	})

	t.Run("a stream meets its deadline and is settled", func(t *testing.T) {
		answer, err := chat.Ask(t.Context(), completion(key, "request-3"), 4*time.Second)
		require.NoError(t, err)
		raw, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Contains(t, string(raw), "first")
		require.Contains(t, string(raw), `"timeout"`, "an error frame, and not a process that was killed")
		_, err = source.Once(t.Context())
		require.NoError(t, err)
		require.Contains(t, p.rows(tenant), "request-3")
	})

	t.Run("a batch with strangers", func(t *testing.T) {
		good, err := cehttp.Marshal(dcoder.Envelope{ID: "e", Source: "/chat", Type: "usage.recorded", Tenant: tenant, Data: []byte(`{"records":[]}`)})
		require.NoError(t, err)
		for _, body := range []string{string(good), "no event", strings.Replace(string(good), "usage.recorded", "nobody.hears", 1)} {
			p.aws.Return("usage", awssim.Message{ID: dcoder.NewID(), Body: body})
		}
		_, err = source.Once(t.Context())
		require.NoError(t, err)
		require.Empty(t, p.aws.Queue("usage"))
		letters := p.aws.Queue("dead")
		require.Len(t, letters, 2)
		require.Equal(t, "no event", letters[0].Body)
		require.Equal(t, "not_an_event", letters[0].Attributes["DcoderCode"])
		require.Equal(t, "usage", letters[0].Attributes["DcoderFunction"])
	})

	t.Run("SIGTERM drains", func(t *testing.T) {
		require.NoError(t, chat.Terminate())
		require.Eventually(t, func() bool { return strings.Contains(chat.Log(), "drained") }, patience, 20*time.Millisecond)
	})
}

// TestABootstrapSurvivesItsFunctions: panics, half answers and failing events.
func TestABootstrapSurvivesItsFunctions(t *testing.T) {
	path := program(t, "faultytest")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	x, err := runtimeapi.Start(ctx, path, nil)
	require.NoError(t, err)
	t.Cleanup(x.Stop)
	t.Logf("faultytest: %.1f ms from exec to the first fetch", float64(x.Cold)/float64(time.Millisecond))
	for range 2 { // the same process
		answer, err := x.Ask(ctx, runtimeapi.Request{Method: "GET", Path: "/panic"}, aMinute)
		require.NoError(t, err)
		require.Equal(t, 500, answer.Status)
		raw, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Contains(t, string(raw), "internal_error")
		require.NoError(t, answer.Broken(), "a whole answer that says what happened")

		answer, err = x.Ask(ctx, runtimeapi.Request{Method: "GET", Path: "/breaks"}, aMinute)
		require.NoError(t, err)
		raw, err = io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, "half", string(raw))
		require.ErrorContains(t, answer.Broken(), "broke off", "told in trailers")

		raw, failed, err := x.Whole(ctx, []byte(`{"source":"aws.events","detail-type":"key.revoked","detail":{"reason":"panic"}}`), aMinute)
		require.NoError(t, err)
		require.True(t, failed, "Lambda tries again: %s", raw)
		raw, failed, err = x.Whole(ctx, []byte(`{"nobody":"writes this"}`), aMinute)
		require.NoError(t, err)
		require.True(t, failed, "%s", raw)
	}
	select {
	case <-x.Done():
		require.Fail(t, "the process ended", x.Log())
	default:
	}
}

// TestAStartThatFailsSaysWhy, and shows no value.
func TestAStartThatFailsSaysWhy(t *testing.T) {
	path := program(t, "chat")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	x, err := runtimeapi.Start(ctx, path, []string{"DCODER_KEK=x-y-z", "DCODER_TRACE_PERCENT=x-y-z"})
	require.Error(t, err)
	select {
	case said := <-x.Refused():
		require.Contains(t, said, "DCODER_CONTROL_DSN")
		require.Contains(t, said, "DCODER_TRACE_PERCENT")
		require.NotContains(t, said, "x-y-z")
	default:
		require.Fail(t, "nothing was posted to init/error", x.Log())
	}
}

func TestTheSameProgramMakesTheSameZip(t *testing.T) {
	dir := t.TempDir()
	first, err := writeZip(filepath.Join(dir, "a.zip"), "main.go")
	require.NoError(t, err)
	second, err := writeZip(filepath.Join(t.TempDir(), "b.zip"), "main.go")
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Positive(t, first.size)
}
