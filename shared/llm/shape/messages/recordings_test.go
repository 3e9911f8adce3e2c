package messages_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// recordings are the calls of Anthropic's protocol, its own API's or Vertex'.
func recordings(t *testing.T) []recorded.Call {
	t.Helper()
	out := recorded.Calls(t, recorded.To("/anthropic/models/", "/v1/messages"))
	require.GreaterOrEqual(t, len(out), 55)
	return out
}

// TestRecordedRequestsComeBackEqual: read and written again, a request is the
// same JSON.
func TestRecordedRequestsComeBackEqual(t *testing.T) {
	for _, r := range recordings(t) {
		in, err := messages.Protocol.ReadRequest([]byte(r.Request.Body))
		require.NoError(t, err, r.File)
		out, err := messages.Protocol.WriteRequest(in, &canonical.Options{Model: in.Model})
		require.NoError(t, err, r.File)
		require.JSONEq(t, r.Request.Body, string(out), r.File)
	}
}

// TestRecordedAnswersComeBackEqual: whole answers likewise, but for counts that
// Vertex leaves out.
func TestRecordedAnswersComeBackEqual(t *testing.T) {
	for _, r := range recordings(t) {
		if strings.HasPrefix(r.Response.Body, "event:") {
			continue
		}
		a, err := messages.Protocol.ReadReply([]byte(r.Response.Body))
		require.NoError(t, err, r.File)
		require.True(t, a.Usage.Reported)
		out, err := messages.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Messages})
		require.NoError(t, err, r.File)
		require.JSONEq(t, withSplitWrites(t, r.Response.Body), withSplitWrites(t, string(out)), r.File)
	}
}

// withSplitWrites adds the split of cache writes that old answers do not have.
func withSplitWrites(t *testing.T, body string) string {
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &m))
	u := m["usage"].(map[string]any)
	if u["cache_creation"] == nil {
		u["cache_creation"] = map[string]any{"ephemeral_5m_input_tokens": u["cache_creation_input_tokens"], "ephemeral_1h_input_tokens": 0}
	}
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	return string(raw)
}

// TestRecordedStreamsComeOutValid: read and written again event by event, a
// stream is valid and says the same text, calls, stop and usage; and put
// together it is a whole answer that says so, too.
func TestRecordedStreamsComeOutValid(t *testing.T) {
	n := 0
	for _, r := range recordings(t) {
		if !strings.HasPrefix(r.Response.Body, "event:") {
			continue
		}
		n++
		was := messagestest.ValidStream(t, []byte(r.Response.Body), messagestest.Expect{})
		out, acc := through(t, r.Response.Body)
		is := messagestest.ValidStream(t, out, messagestest.Expect{})
		was.Blocks, is.Blocks = known(was.Blocks), known(is.Blocks)
		for _, count := range []string{"input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"} {
			require.Equal(t, was.Usage[count], is.Usage[count], "%s: %s", r.File, count)
		}
		was.Usage, is.Usage = nil, nil
		require.Equal(t, was, is, r.File)

		whole, err := messages.Protocol.WriteReply(acc.Reply(), &canonical.Request{})
		require.NoError(t, err)
		again, err := messages.Protocol.ReadReply(whole)
		require.NoError(t, err)
		require.Equal(t, acc.Reply().Usage.Tokens.Input, again.Usage.Input)
		require.Equal(t, was.StopReason, again.Choices[0].Native)
	}
	require.GreaterOrEqual(t, n, 28)
}

// known leaves out the blocks of Anthropic's own tools.
func known(blocks []messagestest.Block) (out []messagestest.Block) {
	for _, b := range blocks {
		if b.Type == "text" || b.Type == "thinking" || b.Type == "tool_use" {
			out = append(out, b)
		}
	}
	return out
}

// through reads a stream and writes it again.
func through(t *testing.T, raw string) (out []byte, acc canonical.Accumulator) {
	var in sse.Reader
	in.Reset(bytes.NewReader([]byte(raw)), 0)
	reader, writer := messages.Protocol.NewReader(), messages.Protocol.NewWriter(&canonical.Request{})
	for !acc.Ended() {
		e, err := in.Next()
		require.NoError(t, err)
		if !e.HasData {
			continue
		}
		events, err := reader.Read(nil, e)
		require.NoError(t, err)
		for i := range events {
			acc.Add(&events[i])
			out = writer.Write(out, &events[i])
		}
	}
	return out, acc
}
