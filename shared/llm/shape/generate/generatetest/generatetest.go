// Package generatetest checks streams in the shape of Google's generateContent,
// event by event, as a strict client would read them.
package generatetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/sse"
)

// Expect says what a stream must be besides valid.
type Expect struct {
	Error bool // it ends with an error object and has no good end
	Usage bool // its last event says what was used
}

// Answer is what a stream said in all.
type Answer struct {
	Text     string
	Thoughts string
	Calls    []string // functions' names, in order
	Finish   []string // of each candidate
	Prompt   int64    // promptTokenCount of the last event
}

// event is one event of the stream.
type event struct {
	Candidates []struct {
		Index   int `json:"index"`
		Content struct {
			Role  string                       `json:"role"`
			Parts []map[string]json.RawMessage `json:"parts"`
		} `json:"content"`
		Finish string `json:"finishReason"`
	} `json:"candidates"`
	Feedback *struct {
		Reason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *struct {
		Prompt *int64 `json:"promptTokenCount"`
	} `json:"usageMetadata"`
	ID    string `json:"responseId"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// machine is the state of a stream.
type machine struct {
	t        testing.TB
	id       string
	finished map[int]string
	seen     map[int]bool
	failed   bool
	blocked  bool
	usage    bool
	answer   Answer
}

// ValidStream reads a whole stream and fails t where it is not one.
func ValidStream(t testing.TB, raw []byte, o Expect) Answer {
	t.Helper()
	m := &machine{t: t, finished: map[int]string{}, seen: map[int]bool{}}
	var in sse.Reader
	in.Reset(bytes.NewReader(raw), 0)
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Empty(t, e.Name, "events have no names")
		if !e.HasData {
			continue
		}
		require.NotEqual(t, "[DONE]", string(e.Data), "the protocol has no such end")
		m.event(e.Data)
	}
	m.end(o)
	return m.answer
}

func (m *machine) event(data []byte) {
	m.t.Helper()
	require.False(m.t, m.failed, "nothing follows an error: %s", data)
	var e event
	require.NoError(m.t, json.Unmarshal(data, &e), "%s", data)
	if e.Error != nil {
		require.GreaterOrEqual(m.t, e.Error.Code, 400)
		require.NotEmpty(m.t, e.Error.Message)
		m.failed = true
		return
	}
	if m.id == "" {
		m.id = e.ID
	}
	require.Equal(m.t, m.id, e.ID, "one answer has one id")
	m.usage = e.Usage != nil && e.Usage.Prompt != nil
	if m.usage {
		m.answer.Prompt = *e.Usage.Prompt
	}
	m.blocked = m.blocked || e.Feedback != nil && e.Feedback.Reason != ""
	for _, c := range e.Candidates {
		require.Contains(m.t, []string{"", "model"}, c.Content.Role)
		m.seen[c.Index] = true
		for _, p := range c.Content.Parts {
			m.part(c.Index, p)
		}
		if c.Finish != "" {
			require.Empty(m.t, m.finished[c.Index], "candidate %d ends once", c.Index)
			m.finished[c.Index] = c.Finish
			m.answer.Finish = append(m.answer.Finish, c.Finish)
		}
	}
}

var contents = []string{"text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"}

func (m *machine) part(index int, p map[string]json.RawMessage) {
	m.t.Helper()
	require.Empty(m.t, m.finished[index], "candidate %d has ended: %v", index, p)
	kinds := 0
	for _, k := range contents {
		if _, ok := p[k]; ok {
			kinds++
		}
	}
	require.Equal(m.t, 1, kinds, "a part holds one thing: %v", p)
	if raw, ok := p["text"]; ok {
		var s string
		require.NoError(m.t, json.Unmarshal(raw, &s))
		if strings.TrimSpace(string(p["thought"])) == "true" {
			m.answer.Thoughts += s
		} else {
			m.answer.Text += s
		}
	}
	if raw, ok := p["functionCall"]; ok {
		var c struct {
			Name string         `json:"name"`
			Args map[string]any `json:"args"`
		}
		require.NoError(m.t, json.Unmarshal(raw, &c), "arguments are an object: %s", raw)
		require.NotEmpty(m.t, c.Name)
		m.answer.Calls = append(m.answer.Calls, c.Name)
	}
}

func (m *machine) end(o Expect) {
	m.t.Helper()
	require.Equal(m.t, o.Error, m.failed, "an error ends the stream")
	if o.Error {
		return
	}
	require.True(m.t, m.blocked || len(m.seen) > 0, "an empty stream")
	for index := range m.seen {
		require.NotEmpty(m.t, m.finished[index], "candidate %d has no end", index)
	}
	if o.Usage {
		require.True(m.t, m.usage, "the last event has no usage")
	}
}
