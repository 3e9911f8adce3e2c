// Package chattest holds streams of chat completions against what the protocol
// promises: a state machine that every stream passes which a test anywhere sees.
package chattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/d-coder-ai/dcoder/shared/sse"
)

// Expect says what a stream shall be like.
type Expect struct {
	Usage   bool // the client asked for usage: one chunk without choices has it
	Error   bool // it shall end with an error frame and without [DONE]
	Answers int  // how many, 0 is 1
	// Native streams are a provider's own, forwarded: fields and places that OpenAI
	// does not define are theirs.
	Native bool
}

// Stream is what a valid stream says.
type Stream struct {
	ID, Model string
	Answers   []Answer
	Usage     *Usage
	Error     *Error
	Pings     int
}

// Answer is one choice.
type Answer struct {
	Content, Reasoning, Refusal string
	Calls                       []Call
	Finish                      string
	Thoughts                    []json.RawMessage // thinking_blocks
	begun                       bool
}

// Call is a tool call.
type Call struct{ ID, Name, Arguments string }

// Usage is the usage chunk's.
type Usage struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	Total      int64 `json:"total_tokens"`
}

// Error is the error frame's.
type Error struct {
	Message string          `json:"message"`
	Type    string          `json:"type"`
	Code    json.RawMessage `json:"code"`
}

// ValidStream fails t unless raw is a stream as e expects, and returns what it
// says.
func ValidStream(t testing.TB, raw []byte, e Expect) *Stream {
	t.Helper()
	s, err := Check(raw, e)
	if err != nil {
		t.Fatalf("the stream is not valid: %v\n%s", err, shorten(raw))
	}
	return s
}

func shorten(raw []byte) []byte {
	const most = 16 << 10
	return raw[:min(len(raw), most)]
}

// Check is ValidStream without a test.
func Check(raw []byte, e Expect) (*Stream, error) {
	m := &machine{Expect: e, out: &Stream{}}
	if m.Answers == 0 {
		m.Answers = 1
	}
	m.out.Answers = make([]Answer, m.Answers)
	var r sse.Reader
	r.Reset(bytes.NewReader(raw), len(raw)+1)
	for n := 0; ; n++ {
		event, err := r.Next()
		if errors.Is(err, io.EOF) {
			return m.out, m.close()
		}
		if err == nil {
			err = m.frame(event)
		}
		if err != nil {
			return m.out, fmt.Errorf("frame %d: %w", n, err)
		}
	}
}

// machine is where a stream stands.
type machine struct {
	Expect
	out    *Stream
	begun  bool
	done   bool // [DONE] was there
	failed bool // the error frame was there
	usage  bool // the usage chunk was there
	shape  string
}

var errBehind = errors.New("something stands behind the end")

func (m *machine) frame(e sse.Event) error {
	switch {
	case m.done || m.failed:
		return errBehind
	case !e.HasData:
		m.out.Pings++
		return nil
	case len(e.Name) > 0 && !m.Native:
		return fmt.Errorf("the protocol has no named events: %s", e.Name)
	case string(e.Data) == "[DONE]":
		m.done = true
		return m.whole()
	}
	var c chunk
	if err := json.Unmarshal(e.Data, &c); err != nil {
		return fmt.Errorf("%w: %s", err, e.Data)
	}
	if c.Error != nil {
		m.failed, m.out.Error = true, c.Error
		if c.Error.Message == "" || c.Error.Type == "" {
			return errors.New("an error needs a message and a type")
		}
		return nil
	}
	return m.chunk(&c, e.Data)
}

// whole checks that nothing is missing of an answer that says that it is whole.
func (m *machine) whole() error {
	for i := range m.out.Answers {
		if m.out.Answers[i].Finish == "" {
			return fmt.Errorf("answer %d has no finish reason", i)
		}
	}
	if m.Usage != m.usage && !m.Native {
		return fmt.Errorf("a usage chunk: asked for %v, there %v", m.Usage, m.usage)
	}
	return nil
}

func (m *machine) close() error {
	switch {
	case m.Error && !m.failed:
		return errors.New("an error frame was expected")
	case !m.Error && m.failed:
		return fmt.Errorf("it ends with an error: %s", m.out.Error.Message)
	case !m.Error && !m.done:
		return errors.New("[DONE] is missing")
	}
	return nil
}

// finishes are all that OpenAI defines; strict clients refuse others.
var finishes = []string{"stop", "length", "tool_calls", "content_filter", "function_call"}

func (m *machine) finish(a *Answer, word string) error {
	switch {
	case !slices.Contains(finishes, word):
		return fmt.Errorf("%q is no finish reason", word)
	case word == "tool_calls" && len(a.Calls) == 0:
		return errors.New("finished for tool calls, of which there are none")
	case word == "stop" && len(a.Calls) > 0 && !m.Native:
		return errors.New("finished with stop in spite of tool calls")
	}
	for i, c := range a.Calls {
		var args map[string]any
		if word == "tool_calls" && json.Unmarshal([]byte(c.Arguments), &args) != nil {
			return fmt.Errorf("arguments of call %d are no object: %s", i, c.Arguments)
		}
	}
	a.Finish = word
	return nil
}
