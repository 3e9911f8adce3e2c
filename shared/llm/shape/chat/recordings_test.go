package chat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest/recorded"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

// recordings are every recorded chat completion.
func recordings(t *testing.T) []recorded.Call {
	t.Helper()
	out := recorded.Calls(t, recorded.To("/chat/completions"))
	require.Greater(t, len(out), 80)
	return out
}

func modelOf(t *testing.T, body string) string {
	var b struct{ Model string }
	require.NoError(t, json.Unmarshal([]byte(body), &b))
	return b.Model
}

func TestRecordedRequestsComeBackAsTheyWere(t *testing.T) {
	for _, r := range recordings(t) {
		read, err := chat.Protocol.ReadRequest([]byte(r.Request.Body))
		require.NoError(t, err, r.File)
		back, err := chat.Protocol.WriteRequest(read, &canonical.Options{Model: modelOf(t, r.Request.Body)})
		require.NoError(t, err, r.File)
		require.JSONEq(t, r.Request.Body, string(back), r.File)
	}
}

// TestRecordedAnswersComeBackAsTheyWere compares whole answers field by field,
// but for what the gateway adds or renames: reasoning_content.
func TestRecordedAnswersComeBackAsTheyWere(t *testing.T) {
	whole := 0
	for _, r := range recordings(t) {
		if r.Response.Code != 200 || strings.HasPrefix(r.Response.Body, "data:") {
			continue
		}
		whole++
		a, err := chat.Protocol.ReadReply([]byte(r.Response.Body))
		require.NoError(t, err, r.File)
		require.True(t, a.Usage.Reported, r.File)
		back, err := chat.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Chat})
		require.NoError(t, err)
		require.Equal(t, bare(t, r.Response.Body), bare(t, string(back)), r.File)
	}
	require.Greater(t, whole, 40)
}

// bare is an answer without nulls, which say nothing, and without empty texts.
func bare(t *testing.T, body string) any {
	var v any
	require.NoError(t, json.Unmarshal([]byte(body), &v))
	return stripped(v)
}

func stripped(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if v[k] = stripped(x); x == nil || x == "" {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = stripped(v[i])
		}
	}
	return v
}

func TestRecordedStreamsAreValidAndStaySo(t *testing.T) {
	streams := 0
	for _, r := range recordings(t) {
		if !strings.HasPrefix(r.Response.Body, "data:") {
			continue
		}
		streams++
		native := chattest.ValidStream(t, []byte(r.Response.Body), chattest.Expect{Native: true})
		read, err := chat.Protocol.ReadRequest([]byte(r.Request.Body))
		require.NoError(t, err)
		asked := read.UsageInStream != nil && *read.UsageInStream
		ours := chattest.ValidStream(t, rewrite(t, []byte(r.Response.Body), read), chattest.Expect{Usage: asked})
		for i := range ours.Answers {
			for j := range ours.Answers[i].Calls {
				c := &ours.Answers[i].Calls[j]
				c.ID, _ = callid.Unpack(c.ID) // some servers' ids have dots and colons
			}
		}
		require.Equal(t, native.Answers, ours.Answers, r.File)
		if asked {
			require.Equal(t, native.Usage, ours.Usage, r.File)
		}
	}
	require.Greater(t, streams, 30)
}

func TestRecordedErrorsAreRead(t *testing.T) {
	for _, r := range recordings(t) {
		if r.Response.Code == 200 {
			continue
		}
		p, ok := chat.Protocol.ReadError(r.Response.Code, []byte(r.Response.Body))
		require.True(t, ok, r.File)
		require.NotEmpty(t, p.Message)
		require.NotEmpty(t, p.Type)
		require.Equal(t, r.Response.Code, p.Status)
	}
}
