package chat_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical/callid"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
)

// recording is one call of a real provider.
type recording struct {
	file    string
	Request struct {
		Body string `json:"body"`
		URL  string `json:"url"`
	} `json:"request"`
	Response struct {
		Body string `json:"body"`
		Code int    `json:"code"`
	} `json:"response"`
}

// recordings reads every recorded chat completion.
func recordings(t *testing.T) (out []recording) {
	dir := os.Getenv("DCODER_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "..", "shared", "data")
	}
	root := filepath.Join(dir, "cassettes")
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
			if strings.Contains(r.Request.URL, "/chat/completions") {
				r.file = strings.TrimPrefix(path, root)
				out = append(out, r)
			}
		}
		return nil
	}))
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
		require.NoError(t, err, r.file)
		back, err := chat.Protocol.WriteRequest(read, &canonical.Options{Model: modelOf(t, r.Request.Body)})
		require.NoError(t, err, r.file)
		require.JSONEq(t, r.Request.Body, string(back), r.file)
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
		require.NoError(t, err, r.file)
		require.True(t, a.Usage.Reported, r.file)
		back, err := chat.Protocol.WriteReply(a, &canonical.Request{Origin: canonical.Chat})
		require.NoError(t, err)
		require.Equal(t, bare(t, r.Response.Body), bare(t, string(back)), r.file)
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
		require.Equal(t, native.Answers, ours.Answers, r.file)
		if asked {
			require.Equal(t, native.Usage, ours.Usage, r.file)
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
		require.True(t, ok, r.file)
		require.NotEmpty(t, p.Message)
		require.NotEmpty(t, p.Type)
		require.Equal(t, r.Response.Code, p.Status)
	}
}
