package stories

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// webUIFeatures are the calls that Open WebUI makes of an OpenAI connection, with
// the headers that it forwards.
var webUIFeatures = features{
	{"GET models", webUIModels},
	{"chat, streamed, with forwarded user headers", webUIChat},
	{"background tasks", webUITasks},
	{"tools, native, streamed", webUITools},
	{"embeddings, a batch", webUIEmbeddings},
	{"errors of streams are JSON", webUIErrors},
}

// webUI sends a call as Open WebUI does and returns the whole answer.
func (c *caller) webUI(t require.TestingT, ctx context.Context, method, path string, in any) (*http.Response, []byte) {
	body, err := json.Marshal(in)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/v1"+path, bytes.NewReader(body))
	require.NoError(t, err)
	for name, value := range map[string]string{
		"Authorization": "Bearer " + c.key, "Content-Type": "application/json",
		"X-OpenWebUI-User-Name": "Ada%20Example", "X-OpenWebUI-User-Id": "2f0c7c1e-0001", "X-OpenWebUI-User-Email": "ada@example.test",
		"X-OpenWebUI-User-Role": "user", "X-OpenWebUI-Chat-Id": "7d9f-chat",
	} {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, raw
}

func webUIModels(t require.TestingT, ctx context.Context, c *caller, to target) {
	res, raw := c.webUI(t, ctx, http.MethodGet, "/models", nil)
	require.Equal(t, 200, res.StatusCode, "%s", raw)
	var list struct {
		Object string
		Data   []map[string]any
	}
	require.NoError(t, json.Unmarshal(raw, &list))
	require.Equal(t, "list", list.Object)
	require.True(t, slices.ContainsFunc(list.Data, func(m map[string]any) bool { return m["id"] == to.Chat }), "no "+to.Chat)
	for _, m := range list.Data {
		name, there := m["name"]
		require.False(t, there && name == nil, "a null name is dropped")
	}
}

// webUIStream sums a streamed chat up: its text, names of called tools and usage.
type webUIStream struct {
	text  string
	tools []string
	usage int64
	done  bool
}

func (c *caller) webUIStreamed(t require.TestingT, ctx context.Context, in map[string]any) (s webUIStream) {
	in["stream"], in["stream_options"] = true, map[string]any{"include_usage": true}
	res, raw := c.webUI(t, ctx, http.MethodPost, "/chat/completions", in)
	require.Equal(t, 200, res.StatusCode, "%s", raw)
	require.Contains(t, res.Header.Get("Content-Type"), "text/event-stream")
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		require.Less(t, len(lines.Bytes()), 4<<20)
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			s.take(t, data)
		}
	}
	require.True(t, s.done)
	require.Positive(t, s.usage)
	return s
}

func (s *webUIStream) take(t require.TestingT, data string) {
	if s.done = data == "[DONE]"; s.done {
		return
	}
	var chunk struct {
		Error   json.RawMessage
		Choices []struct {
			Delta struct {
				Content   string
				ToolCalls []struct{ Function struct{ Name string } } `json:"tool_calls"`
			}
		}
		Usage struct {
			Total int64 `json:"total_tokens"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(data), &chunk), data)
	require.Nil(t, chunk.Error, data)
	s.usage += chunk.Usage.Total
	for _, choice := range chunk.Choices {
		s.text += choice.Delta.Content
		for _, call := range choice.Delta.ToolCalls {
			if call.Function.Name != "" {
				s.tools = append(s.tools, call.Function.Name)
			}
		}
	}
}

func said(role, text string) map[string]any { return map[string]any{"role": role, "content": text} }

func webUIChat(t require.TestingT, ctx context.Context, c *caller, to target) {
	s := c.webUIStreamed(t, ctx, map[string]any{
		"model": to.Chat, "temperature": 0.7, "max_tokens": 512,
		"messages": []any{said("system", "You are polite."), said("user", "Say hello.")},
	})
	require.NotEmpty(t, s.text)
}

// webUITasks ask for a title, tags and follow-up questions, whole.
func webUITasks(t require.TestingT, ctx context.Context, c *caller, to target) {
	for _, task := range []string{"Write a title of 3 to 5 words.", "Write tags as JSON.", "Suggest follow-up questions as JSON."} {
		res, raw := c.webUI(t, ctx, http.MethodPost, "/chat/completions", map[string]any{
			"model": to.Chat, "stream": false, "max_completion_tokens": 1000,
			"messages": []any{said("user", "### Task:\n"+task+"\n### Chat History:\nUSER: Hello.\nASSISTANT: Hello!")},
		})
		require.Equal(t, 200, res.StatusCode, "%s", raw)
		var answer struct {
			Choices []struct{ Message struct{ Content string } }
		}
		require.NoError(t, json.Unmarshal(raw, &answer))
		require.NotEmpty(t, answer.Choices[0].Message.Content)
	}
}

func webUITools(t require.TestingT, ctx context.Context, c *caller, to target) {
	var tools []any
	for _, name := range toolNames {
		tools = append(tools, map[string]any{"type": "function", "function": map[string]any{"name": name, "parameters": citySchema}})
	}
	s := c.webUIStreamed(t, ctx, map[string]any{"model": to.Chat, "tools": tools, "messages": []any{said("user", toolQuestion)}})
	require.ElementsMatch(t, toolNames, s.tools)
}

func webUIEmbeddings(t require.TestingT, ctx context.Context, c *caller, to target) {
	res, raw := c.webUI(t, ctx, http.MethodPost, "/embeddings", map[string]any{
		"model": to.Embed, "input": slices.Repeat([]string{"a page of a handbook"}, 32),
	})
	require.Equal(t, 200, res.StatusCode, "%s", raw)
	var answer struct {
		Data []struct{ Embedding []float64 }
	}
	require.NoError(t, json.Unmarshal(raw, &answer))
	require.Len(t, answer.Data, 32)
	require.NotEmpty(t, answer.Data[31].Embedding)
}

func webUIErrors(t require.TestingT, ctx context.Context, c *caller, to target) {
	for model, status := range map[string]int{"no-such-model": 404, to.Busy: 429} {
		res, raw := c.webUI(t, ctx, http.MethodPost, "/chat/completions", map[string]any{
			"model": model, "stream": true, "messages": []any{said("user", "Hello.")},
		})
		require.Equal(t, status, res.StatusCode, "%s", raw)
		require.Contains(t, res.Header.Get("Content-Type"), "application/json")
		var answer struct{ Error struct{ Message string } }
		require.NoError(t, json.Unmarshal(raw, &answer))
		require.NotEmpty(t, answer.Error.Message)
	}
}
