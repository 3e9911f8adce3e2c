package messages_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// recording is one request and response of Anthropic's, its own API's or
// Vertex'.
type recording struct {
	name    string
	Request struct {
		Body string `json:"body"`
		URL  string `json:"url"`
	} `json:"request"`
	Response struct {
		Body string `json:"body"`
		Code int    `json:"code"`
	} `json:"response"`
}

func recordings(t *testing.T) (out []recording) {
	data := os.Getenv("DCODER_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "..", "..", "shared", "data")
	}
	root := filepath.Join(data, "cassettes")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("SKIPPED: no recordings at %s; set DCODER_DATA", root)
	}
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var file struct {
			Interactions []recording `json:"interactions"`
		}
		require.NoError(t, yaml.Unmarshal(raw, &file), path)
		for _, r := range file.Interactions {
			if strings.Contains(r.Request.URL, "/anthropic/models/") || strings.Contains(r.Request.URL, "/v1/messages") {
				r.name = strings.TrimPrefix(path, root)
				out = append(out, r)
			}
		}
		return nil
	}))
	require.GreaterOrEqual(t, len(out), 55)
	return out
}

// TestRecordedRequestsComeBackEqual: read and written again, a request is the
// same JSON.
func TestRecordedRequestsComeBackEqual(t *testing.T) {
	for _, r := range recordings(t) {
		in, err := messages.Protocol.ReadRequest([]byte(r.Request.Body))
		require.NoError(t, err, r.name)
		out, err := messages.Protocol.WriteRequest(in, &canonical.Options{Model: in.Model})
		require.NoError(t, err, r.name)
		require.JSONEq(t, r.Request.Body, string(out), r.name)
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
		require.NoError(t, err, r.name)
		require.True(t, a.Usage.Reported)
		out, err := messages.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Messages})
		require.NoError(t, err, r.name)
		require.JSONEq(t, withSplitWrites(t, r.Response.Body), withSplitWrites(t, string(out)), r.name)
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
			require.Equal(t, was.Usage[count], is.Usage[count], "%s: %s", r.name, count)
		}
		was.Usage, is.Usage = nil, nil
		require.Equal(t, was, is, r.name)

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
