package anthropic_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/anthropic"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
)

// canned answers every request with one text, and remembers what was asked.
type canned struct {
	status int
	kind   string
	header http.Header
	body   string
	asked  string
}

func (c *canned) Do(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	c.asked = string(raw)
	h := c.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", c.kind)
	return &http.Response{StatusCode: c.status, Header: h, Body: io.NopCloser(strings.NewReader(c.body)), ContentLength: -1}, err
}

const secret = "sk-ant-secret-0123456789"

func ask(t *testing.T, d *canned, kind llm.Kind, p canonical.Protocol, body string) (*llm.Reply, *llm.Request, error) {
	t.Helper()
	req := &llm.Request{Kind: kind, Inbound: p, Snapshot: &dcoder.Snapshot{}}
	require.NoError(t, req.Parse([]byte(body)))
	c := &llm.Candidate{Model: "claude-sonnet-4-5", Grant: dcoder.ProviderGrant{BaseURL: "https://a.example", Secret: secret}}
	rep, err := anthropic.New(d).Complete(context.Background(), req, c)
	return rep, req, err
}

const events = `event: message_start
data: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}

event: message_stop
data: {"type":"message_stop"}

`

// TestALongAnswerIsStreamedAndPutTogether (row 15), whoever asks.
func TestALongAnswerIsStreamedAndPutTogether(t *testing.T) {
	for name, c := range map[string]struct {
		kind llm.Kind
		p    canonical.Protocol
	}{"chat": {llm.Chat, chat.Protocol}, "messages": {llm.Message, messages.Protocol}} {
		t.Run(name, func(t *testing.T) {
			d := &canned{status: 200, kind: "text/event-stream", body: events}
			rep, _, err := ask(t, d, c.kind, c.p, `{"model":"m","max_tokens":30000,"stream":false,"messages":[{"role":"user","content":"hi"}]}`)
			require.NoError(t, err)
			require.Nil(t, rep.Stream)
			require.Contains(t, d.asked, `"stream":true`)
			require.NotContains(t, d.asked, `"stream":false`)
			require.Contains(t, string(rep.Body.B), "Hello")
			require.True(t, rep.Usage.Reported)
			require.Equal(t, dcoder.Tokens{Input: 15, CachedInput: 5, Output: 9}, rep.Usage.Tokens)
			rep.Close(nil)
		})
	}
}

// TestBytesOfAStreamAreForwarded, and what was used is read on the side.
func TestBytesOfAStreamAreForwarded(t *testing.T) {
	d := &canned{status: 200, kind: "text/event-stream", body: events}
	rep, _, err := ask(t, d, llm.Message, messages.Protocol, `{"model":"alias","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}],"new_field":1}`)
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"claude-sonnet-4-5","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}],"new_field":1}`, d.asked)
	var out strings.Builder
	var last llm.Chunk
	var early *llm.Usage
	for {
		c, err := rep.Stream.Next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		if c.Content && early == nil {
			u := *c.Usage
			early = &u
		}
		out.Write(c.Raw)
		last = c
	}
	require.Equal(t, events, out.String())
	require.True(t, last.Last)
	require.False(t, early.Reported, "a client that leaves here has used what was counted")
	require.True(t, last.Usage.Reported)
	require.Equal(t, dcoder.Tokens{Input: 15, CachedInput: 5, Output: 9}, last.Usage.Tokens)
	rep.Close(nil)
}

// TestAStreamWithoutItsEndIsBroken (row 47).
func TestAStreamWithoutItsEndIsBroken(t *testing.T) {
	cut, _, _ := strings.Cut(events, "event: message_stop")
	for name, c := range map[string]struct {
		kind llm.Kind
		p    canonical.Protocol
	}{"chat": {llm.Chat, chat.Protocol}, "messages": {llm.Message, messages.Protocol}} {
		t.Run(name, func(t *testing.T) {
			rep, _, err := ask(t, &canned{status: 200, kind: "text/event-stream", body: cut}, c.kind, c.p,
				`{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`)
			require.NoError(t, err)
			for err == nil {
				_, err = rep.Stream.Next()
			}
			require.NotErrorIs(t, err, io.EOF)
			require.Equal(t, "upstream_cut", dcoder.AsError(err).Code)
			rep.Close(err)
		})
	}
}

// TestErrorsOfAnthropic (rows 48 and 49): statuses, delays, ids, and never our
// credential; before any content also those inside of a stream.
func TestErrorsOfAnthropic(t *testing.T) {
	said := func(kind string) string {
		return `{"type":"error","error":{"type":"` + kind + `","message":"no, not with ` + secret + `"}}`
	}
	for name, c := range map[string]struct {
		status, want int
		body, code   string
		retry        bool
	}{
		"400":         {400, 400, said("invalid_request_error"), "invalid_request_error", false},
		"401":         {401, 502, said("authentication_error"), "provider_credential_refused", false},
		"403":         {403, 502, said("permission_error"), "provider_credential_refused", false},
		"404":         {404, 404, said("not_found_error"), "not_found_error", false},
		"413":         {413, 413, said("request_too_large"), "request_too_large", false},
		"429":         {429, 429, said("rate_limit_error"), "provider_rate_limited", true},
		"500":         {500, 502, said("api_error"), "upstream_error", true},
		"503":         {503, 503, "<html>busy</html>", "upstream_error", true},
		"529":         {529, 503, said("overloaded_error"), "overloaded_error", true},
		"in a stream": {200, 503, "event: error\ndata: " + said("overloaded_error") + "\n\n", "overloaded_error", true},
	} {
		for _, kind := range []llm.Kind{llm.Chat, llm.Message} {
			t.Run(name, func(t *testing.T) {
				p, media := map[llm.Kind]canonical.Protocol{llm.Chat: chat.Protocol, llm.Message: messages.Protocol}[kind], "application/json"
				if c.status == 200 {
					media = "text/event-stream"
				}
				d := &canned{status: c.status, kind: media, body: c.body, header: http.Header{
					"Retry-After": {"7"}, "Request-Id": {"req_1"}, "Anthropic-Ratelimit-Requests-Remaining": {"0"}, "Anthropic-Organization-Id": {"o"},
				}}
				_, _, err := ask(t, d, kind, p, `{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}`)
				var f *llm.Failure
				require.ErrorAs(t, err, &f)
				require.Equal(t, c.want, f.Public.Status)
				require.Equal(t, c.code, f.Public.Code)
				require.Equal(t, c.retry, f.Retry)
				require.NotContains(t, err.Error(), secret)
				if c.status != 200 {
					require.EqualValues(t, 7, f.After.Seconds())
					require.Equal(t, "req_1", f.Header.Get("X-Upstream-Request-Id"))
					require.Equal(t, "0", f.Header.Get("Anthropic-Ratelimit-Requests-Remaining"))
					require.Empty(t, f.Header.Get("Anthropic-Organization-Id"))
				}
			})
		}
	}
}

// TestACallThatNobodyTranslatesIsRefused.
func TestACallThatNobodyTranslatesIsRefused(t *testing.T) {
	_, _, err := ask(t, &canned{}, llm.Completion, nil, `{"model":"m","prompt":"x"}`)
	var f *llm.Failure
	require.ErrorAs(t, err, &f)
	require.Equal(t, 400, f.Public.Status)
	require.Equal(t, "model", f.Public.Field)
}
