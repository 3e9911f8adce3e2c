package llmsim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

func streamBody(model string) string {
	return `{"model":"` + model + `","stream":true,"messages":[{"role":"user","content":"hello"}]}`
}

func plainBody(model string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"hello"}]}`
}

// TestGoneClientIsNoticed hangs up after five events of a paced stream: the
// books hold what was written, at least what was read, and not the rest.
func TestGoneClientIsNoticed(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	res := sendContext(t, ctx, url+"/v1/chat/completions", streamBody("sim-tokens-100000-pace-1ms"))
	events := 0
	for lines := bufio.NewScanner(res.Body); events < 5 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data:") {
			events++
		}
	}
	hangUp()
	seen := settled(t, s, 1)[0]
	require.Equal(t, llmsim.StateAborted, seen.State)
	require.GreaterOrEqual(t, seen.Events, 5)
	require.GreaterOrEqual(t, seen.Served, 4, "the first event has no token")
	require.Less(t, seen.Served, seen.Output)
	require.False(t, seen.Ended.IsZero())
	require.EqualValues(t, 1, s.Counters()[0].Aborted)
	require.EqualValues(t, seen.Served, s.Counters()[0].Served)
}

// TestGoneClientOfAPlainAnswer hangs up while nothing was written yet.
func TestGoneClientOfAPlainAnswer(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	ctx, hangUp := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(plainBody("sim-first-1h")))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer k")
	done := make(chan error, 1)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		done <- err
	}()
	require.Eventually(t, func() bool { return len(s.Requests(0)) == 1 }, 10*time.Second, time.Millisecond)
	require.EqualValues(t, 1, s.Counters()[0].Concurrent)
	hangUp()
	require.ErrorIs(t, <-done, context.Canceled)
	seen := settled(t, s, 1)[0]
	require.Equal(t, llmsim.StateAborted, seen.State)
	require.Zero(t, seen.Served)
	require.Zero(t, s.Counters()[0].Concurrent)
}

// TestCutStreams closes the connection before the headers, and after events.
func TestCutStreams(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	res := sendContext(t, t.Context(), url+"/v1/chat/completions", streamBody("sim-cut-3"))
	body, err := io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 3, strings.Count(string(body), "data:"))

	res = sendContext(t, t.Context(), url+"/v1/chat/completions", plainBody("sim-cut-1"))
	body, err = io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotEmpty(t, body)

	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(plainBody("sim-cut-0")))
	req.Header.Set("Authorization", "Bearer k")
	res, err = http.DefaultClient.Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	require.Error(t, err)
	for _, seen := range settled(t, s, 3) {
		require.Equal(t, llmsim.StateBroken, seen.State)
	}
}

// TestSilence gives up on a provider that accepts and says nothing, before the
// headers, after them, and in the middle.
func TestSilence(t *testing.T) {
	for _, c := range []struct {
		model string
		lines int // events that arrive before the silence
	}{{"sim-silence-1h", -1}, {"sim-stall-1h", 0}, {"sim-silence-1h-after-2", 2}} {
		s, url := sim(t, llmsim.Config{})
		ctx, hangUp := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(streamBody(c.model)))
		req.Header.Set("Authorization", "Bearer k")
		go func() {
			assert.Eventually(t, func() bool {
				seen := s.Requests(0)
				return len(seen) == 1 && seen[0].Events == max(c.lines, 0)
			}, 10*time.Second, time.Millisecond)
			if c.lines < 0 {
				hangUp()
			}
		}()
		res, err := http.DefaultClient.Do(req)
		if c.lines < 0 {
			require.ErrorIs(t, err, context.Canceled)
			continue
		}
		require.NoError(t, err)
		lines := bufio.NewScanner(res.Body)
		for n := 0; n < c.lines; {
			require.True(t, lines.Scan())
			if strings.HasPrefix(lines.Text(), "data:") {
				n++
			}
		}
		hangUp()
		_ = res.Body.Close()
		require.Equal(t, llmsim.StateAborted, settled(t, s, 1)[0].State)
	}
}

// TestSilenceEnds goes on after the silence.
func TestSilenceEnds(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	res := send(t, url+"/v1/chat/completions", streamBody("sim-silence-20ms-after-1"))
	require.Contains(t, readAll(t, res), "[DONE]")
	seen := settled(t, s, 1)[0]
	require.Equal(t, llmsim.StateCompleted, seen.State)
	require.GreaterOrEqual(t, seen.Ended.Sub(seen.Started), 20*time.Millisecond)
}

func TestGarbage(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	for style, contentType := range map[string]string{"json": "application/json", "html": "text/html", "text": "text/plain", "empty": "application/json"} {
		res := send(t, url+"/v1/chat/completions", plainBody("sim-garbage-"+style))
		require.Equal(t, contentType, res.Header.Get("Content-Type"))
		require.False(t, json.Valid([]byte(readAll(t, res))), style)
	}
	res := send(t, url+"/v1/chat/completions", streamBody("sim-garbage-sse-after-2"))
	body := readAll(t, res)
	require.Contains(t, body, "\xff\xfe")
	require.NotContains(t, body, "[DONE]\n")
}

// TestFaultsOverHTTP sets, counts and forgets faults as another process would.
func TestFaultsOverHTTP(t *testing.T) {
	_, url := sim(t, llmsim.Config{})
	ask := func(key string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(plainBody("gpt-4o")))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+key)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	post := func(path string, v any) int { return control(t, url+"/_sim/"+path, v).StatusCode }

	require.Equal(t, 204, post("faults", map[string]any{"kind": "status", "status": 429, "model": "gpt-4o", "path": "/chat/", "skip": 1, "count": 2, "retry_after": "3s"}))
	require.Equal(t, []int{200, 429, 429, 200}, []int{ask("a"), ask("a"), ask("a"), ask("a")})
	require.Equal(t, 204, post("faults", []map[string]any{{"kind": "status", "status": 503, "key": "b"}}))
	require.Equal(t, []int{200, 503}, []int{ask("a"), ask("b")})
	require.Equal(t, 204, post("keys", map[string]any{"refuse": []string{"c"}}))
	require.Equal(t, 401, ask("c"))
	require.Equal(t, 204, post("latency", map[string]any{"first_token": 1, "per_token": "10us"}))
	require.Equal(t, 200, ask("a"))

	for _, bad := range []map[string]any{{"kind": "nothing"}, {"kind": "status", "status": 200}, {"kind": "cut", "after": -1}, {"kind": "garbage", "garbage": "x"}, {"kind": "slow", "for": "soon"}} {
		require.Equal(t, 400, post("faults", bad), "%v", bad)
	}
	res, err := http.Get(url + "/_sim/requests?since=7")
	require.NoError(t, err)
	var log struct{ Requests []llmsim.Seen }
	require.NoError(t, json.Unmarshal([]byte(readAll(t, res)), &log))
	require.Len(t, log.Requests, 1)
	require.Equal(t, llmsim.Fingerprint("a"), log.Requests[0].Credential)

	require.Equal(t, 204, post("reset", nil))
	require.Equal(t, []int{200, 200}, []int{ask("b"), ask("c")})
	res, err = http.Get(url + "/_sim/counters")
	require.NoError(t, err)
	var sums struct{ Counters []llmsim.Counter }
	require.NoError(t, json.Unmarshal([]byte(readAll(t, res)), &sums))
	require.Len(t, sums.Counters, 2, "what was before the reset is forgotten")
}

// TestBadInput is refused in each vendor's shape.
func TestBadInput(t *testing.T) {
	s, url := sim(t, llmsim.Config{MaxBody: 1 << 16})
	for name, c := range map[string]struct {
		path, body string
		status     int
		says       string
	}{
		"not JSON":              {"/v1/chat/completions", `{"model":`, 400, "JSON"},
		"wrong type":            {"/v1/chat/completions", `{"model":7,"messages":[]}`, 400, "'model'"},
		"wrong role":            {"/v1/chat/completions", `{"model":"gpt-4o","messages":[{"role":"wizard","content":"x"}]}`, 400, "messages[0].role"},
		"too large":             {"/v1/chat/completions", `{"model":"gpt-4o","messages":[{"role":"user","content":"` + strings.Repeat("x", 1<<16) + `"}]}`, 413, "maximum size"},
		"unknown tool":          {"/v1/chat/completions", `{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"function","function":{"name":"f"}}}`, 400, "tool_choice"},
		"empty input":           {"/v1/embeddings", `{"model":"text-embedding-3-small","input":""}`, 400, "input"},
		"too many dimensions":   {"/v1/embeddings", `{"model":"text-embedding-3-small","input":"x","dimensions":99999}`, 400, "dimensions"},
		"no max_tokens":         {"/v1/messages", `{"model":"claude-sonnet-4","messages":[{"role":"user","content":"x"}]}`, 400, "max_tokens: Field required"},
		"unknown claude":        {"/v1/messages", `{"model":"claude-99","max_tokens":9,"messages":[{"role":"user","content":"x"}]}`, 404, "not_found_error"},
		"no contents":           {"/v1beta/models/gemini-2.5-flash:generateContent", `{}`, 400, "INVALID_ARGUMENT"},
		"unknown gemini":        {"/v1beta/models/gemini-99:generateContent", `{"contents":[{"parts":[{"text":"x"}]}]}`, 404, "NOT_FOUND"},
		"unknown gemini method": {"/v1beta/models/gemini-2.5-flash:fly", `{}`, 404, "NOT_FOUND"},
		"unknown path":          {"/v1/fly", `{}`, 404, "Invalid URL"},
	} {
		res := send(t, url+c.path, c.body)
		body := readAll(t, res)
		require.Equal(t, c.status, res.StatusCode, "%s: %s", name, body)
		require.Contains(t, body, c.says, name)
		require.Contains(t, body, `"error"`, name)
	}
	for _, path := range []string{"/v1/chat/completions", "/openai/v1/chat/completions", "/v1/messages", "/v1beta/models/gemini-2.5-flash:generateContent"} {
		res, err := http.Post(url+path, "application/json", strings.NewReader(`{}`))
		require.NoError(t, err)
		require.Contains(t, []int{401, 403}, res.StatusCode, "no credential: %s", path)
		require.NoError(t, res.Body.Close())
	}
	for _, seen := range s.Requests(0) {
		require.Equal(t, llmsim.StateRefused, seen.State)
		require.Zero(t, seen.Served)
	}
}

// TestInstantRepliesWithoutDecoding sends a second body that no decoder would
// take: it proves that the first answer is replayed.
func TestInstantRepliesWithoutDecoding(t *testing.T) {
	s, url := sim(t, llmsim.Config{Instant: true})
	first := readAll(t, send(t, url+"/v1/chat/completions", streamBody("gpt-4o")))
	second := readAll(t, send(t, url+"/v1/chat/completions", `{"model" : "gpt-4o", "stream": true, `))
	require.Equal(t, first, second)
	require.Contains(t, first, "[DONE]")
	plain := readAll(t, send(t, url+"/v1/chat/completions", plainBody("gpt-4o")))
	require.True(t, json.Valid([]byte(plain)))
	seen := settled(t, s, 3)
	require.Equal(t, seen[0].Served, seen[1].Served)
	require.Positive(t, seen[0].Served)
}

// TestRequestIDs finds a request by the id that the caller forwarded.
func TestRequestIDs(t *testing.T) {
	s, url := sim(t, llmsim.Config{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions", strings.NewReader(plainBody("gpt-4o")))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer k")
	req.Header.Set("X-Request-Id", "caller-1")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	var body struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(readAll(t, res)), &body))
	require.NoError(t, res.Body.Close())
	seen := settled(t, s, 1)[0]
	require.Equal(t, "caller-1", seen.RequestID)
	require.Equal(t, body.ID, seen.ResponseID)
	require.Equal(t, seen.Output, seen.Served)
}
