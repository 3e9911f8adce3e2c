package chat_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// checkStream is the state machine that every stream of ours has to follow:
// pings anywhere, chunks, then either [DONE] or one error, and nothing behind.
func checkStream(t testing.TB, body string) (chunks []map[string]any, pings int, failure map[string]any) {
	t.Helper()
	require.True(t, strings.HasSuffix(body, "\n\n"), "a frame is cut: %q", body[max(0, len(body)-80):])
	done := false
	for _, f := range frames(body) {
		if strings.HasPrefix(f, ":") {
			pings++
			continue
		}
		data, ok := strings.CutPrefix(f, "data: ")
		require.True(t, ok, "frame %q", f)
		require.False(t, done || failure != nil, "a frame behind the end: %q", f)
		if data == "[DONE]" {
			done = true
			continue
		}
		var chunk map[string]any
		require.NoError(t, json.Unmarshal([]byte(data), &chunk), "%q", data)
		if e, ok := chunk["error"].(map[string]any); ok {
			require.NotEmpty(t, e["message"])
			require.NotEmpty(t, e["type"])
			failure = e
			continue
		}
		require.Contains(t, chunk, "choices")
		chunks = append(chunks, chunk)
	}
	require.True(t, done || failure != nil, "the stream just ends")
	return chunks, pings, failure
}

func TestUsageInStreams(t *testing.T) {
	for name, c := range map[string]struct {
		more string
		want bool
	}{
		"absent":               {``, false},
		"off":                  {`,"stream_options":{"include_usage":false}`, false},
		"null":                 {`,"stream_options":null`, false},
		"empty":                {`,"stream_options":{}`, false},
		"another option":       {`,"stream_options":{"include_obfuscation":false}`, false},
		"on":                   {`,"stream_options":{"include_usage":true}`, true},
		"on, with other words": {`,"stream_options": { "x":1, "include_usage" : true }`, true},
	} {
		for _, model := range []string{"gpt-4o-mini", "llm.groq.llama-3.1-8b-instant"} {
			t.Run(name+"/"+model, func(t *testing.T) {
				b := serveChat(t, llmtest.Options{})
				resp, body := send(t, b, "/v1/chat/completions", asking(model, true, c.more))
				require.Equal(t, http.StatusOK, resp.StatusCode, body)
				require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
				chunks, _, failure := checkStream(t, body)
				require.Nil(t, failure)
				usages := 0
				for _, chunk := range chunks {
					if _, ok := chunk["usage"]; !c.want && model == "gpt-4o-mini" {
						require.False(t, ok, "usage that nobody asked for: %v", chunk)
					}
					if chunk["usage"] != nil {
						usages++
					}
					if !c.want && model == "gpt-4o-mini" {
						require.NotEmpty(t, chunk["choices"])
					}
				}
				if c.want && model == "gpt-4o-mini" { // Groq gives it twice, and every byte of it is forwarded
					require.Equal(t, 1, usages)
				}
				row, seen := b.Row(), b.Seen(1)[0]
				require.False(t, row.Estimated)
				require.EqualValues(t, seen.Input, row.Tokens.Input)
				require.EqualValues(t, seen.Output, row.Tokens.Output)
			})
		}
	}
}

// TestChunksComeAsTheyAreSent holds the time between events, tool arguments
// included: nothing is collected on its way.
func TestChunksComeAsTheyAreSent(t *testing.T) {
	next := make(chan struct{})
	b := serveChat(t, llmtest.Options{Upstream: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			_, _ = fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"%d\"}}]}}],\"usage\":null}\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
		_, _ = io.WriteString(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n")
	})})
	resp := open(t.Context(), t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	for i := range 5 {
		f := nextFrame(t, r)
		require.Contains(t, f, fmt.Sprintf(`"arguments":"%d"`, i))
		require.NotContains(t, f, "usage")
		next <- struct{}{}
	}
	require.Equal(t, "data: [DONE]", nextFrame(t, r))
	require.EqualValues(t, 5, b.Row().Tokens.Output)
}

func TestSilenceIsBrokenByPings(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSilence, After: 3, For: llmsim.Duration(4 * silence), Tokens: 8}))
	resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	_, pings, failure := checkStream(t, body)
	require.Nil(t, failure)
	require.Positive(t, pings)
	require.Equal(t, dcoder.UsageFinal, b.Row().State)
}

func TestErrorBehindAPingIsAFrame(t *testing.T) {
	b := serveChat(t, llmtest.Options{Coats: func(c *llm.Coats) { c.RetryMost = 1 }})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 500, Latency: llmsim.Latency{Headers: llmsim.Duration(3 * silence)}}))
	resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	chunks, pings, failure := checkStream(t, body)
	require.Empty(t, chunks)
	require.Positive(t, pings)
	require.Equal(t, "server_error", failure["type"])
	row := b.Row()
	require.Equal(t, dcoder.UsageFailed, row.State)
	require.Zero(t, row.Cost)
}

func TestErrorsInsideAStream(t *testing.T) {
	for name, c := range map[string]struct {
		fault  llmsim.Fault
		status int // of the answer; 200: a frame
		code   string
	}{
		"error before content":      {llmsim.Fault{Kind: llmsim.KindErrorEvent, Status: 529, After: 0}, http.StatusServiceUnavailable, "overloaded_error"},
		"error after content":       {llmsim.Fault{Kind: llmsim.KindErrorEvent, Status: 529, After: 4, Tokens: 9}, http.StatusOK, "overloaded_error"},
		"cut after content":         {llmsim.Fault{Kind: llmsim.KindCut, After: 5, Tokens: 9}, http.StatusOK, "upstream_cut"},
		"cut before the head":       {llmsim.Fault{Kind: llmsim.KindCut, After: 0}, http.StatusBadGateway, "upstream_unreachable"},
		"garbage in the stream":     {llmsim.Fault{Kind: llmsim.KindGarbage, Garbage: "sse"}, http.StatusBadGateway, "upstream_invalid"},
		"HTML instead of a stream":  {llmsim.Fault{Kind: llmsim.KindGarbage, Garbage: "html"}, http.StatusBadGateway, "upstream_invalid"},
		"an HTTP error of the head": {llmsim.Fault{Kind: llmsim.KindStatus, Status: 503}, http.StatusServiceUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := serveChat(t, llmtest.Options{Coats: func(c *llm.Coats) { c.RetryMost = 1 }})
			require.NoError(t, b.Sim.Inject(c.fault))
			resp, body := send(t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
			require.Equal(t, c.status, resp.StatusCode, body)
			row := b.Row()
			require.Equal(t, dcoder.UsageFailed, row.State)
			if c.code != "" {
				require.Contains(t, body, c.code)
				require.Equal(t, c.code, row.ErrorCode)
			}
			if c.status != http.StatusOK {
				require.Zero(t, row.Cost)
				return
			}
			chunks, _, failure := checkStream(t, body)
			require.NotNil(t, failure)
			seen := b.Seen(1)[0]
			require.True(t, row.Estimated)
			require.GreaterOrEqual(t, row.Tokens.Output, delivered(chunks))
			require.LessOrEqual(t, row.Tokens.Output, int64(seen.Served))
			require.Positive(t, row.Tokens.Output)
		})
	}
}

// delivered counts the simulator's tokens in chunks: one each.
func delivered(chunks []map[string]any) (n int64) {
	for _, c := range chunks {
		for _, choice := range c["choices"].([]any) {
			delta, _ := choice.(map[string]any)["delta"].(map[string]any)
			if s, _ := delta["content"].(string); s != "" {
				n++
			}
		}
	}
	return n
}

func TestHangUpAtTheFifthToken(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	b.Sim.SetLatency(llmsim.Latency{PerToken: llmsim.Duration(5 * time.Millisecond)})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSlow, Tokens: 400}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resp := open(ctx, t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	var got []map[string]any
	for delivered(got) < 5 {
		var c map[string]any
		require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(nextFrame(t, r), "data: ")), &c))
		got = append(got, c)
	}
	cancel()
	seen := b.Seen(1)[0]
	require.Equal(t, llmsim.StateAborted, seen.State)
	require.Less(t, seen.Served, 400)
	row := b.Row()
	require.Equal(t, dcoder.UsageCancelled, row.State)
	require.Equal(t, llm.StatusClientGone, row.Status)
	require.True(t, row.Estimated)
	require.GreaterOrEqual(t, row.Tokens.Output, int64(5))
	require.LessOrEqual(t, row.Tokens.Output, int64(seen.Served))
	require.Positive(t, row.Cost)
}

func TestHangUpOfAWholeAnswer(t *testing.T) {
	b := serveChat(t, llmtest.Options{})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSilence, For: llmsim.Duration(time.Minute)}))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL+"/v1/chat/completions", strings.NewReader(asking("gpt-4o", false, "")))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer dck_test")
	go func() {
		defer cancel()
		for len(b.Sim.Requests(0)) == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}()
	_, err = http.DefaultClient.Do(r)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, llmsim.StateAborted, b.Seen(1)[0].State)
	row := b.Row()
	require.Equal(t, dcoder.UsageCancelled, row.State)
	require.Equal(t, llm.StatusClientGone, row.Status)
	require.Zero(t, row.Tokens.Output)
}

func TestARevokedKeyEndsItsRunningStream(t *testing.T) {
	b := serveChat(t, llmtest.Options{Coats: func(c *llm.Coats) { c.Beat = 20 * time.Millisecond }})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSlow, Tokens: 5000, Latency: llmsim.Latency{PerToken: llmsim.Duration(2 * time.Millisecond)}}))
	resp := open(t.Context(), t, b, "/v1/chat/completions", asking("gpt-4o", true, ""))
	defer resp.Body.Close()
	r := bufio.NewReader(resp.Body)
	for !strings.HasPrefix(nextFrame(t, r), "data: ") {
	}
	b.Revoke()
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	_, _, failure := checkStream(t, string(rest))
	require.Equal(t, "invalid_key", failure["code"])
	row := b.Row()
	require.Equal(t, "invalid_key", row.ErrorCode)
	require.True(t, row.Estimated)
	require.Equal(t, llmsim.StateAborted, b.Seen(1)[0].State)
}
