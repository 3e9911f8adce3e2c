// Package messagestest checks that a stream is one of Anthropic's Messages API:
// one state machine that every stream passes which any test sees.
package messagestest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/sse"
)

// Expect says what a stream shall be.
type Expect struct {
	// Error is the type of the error with which the stream must end, "" for a
	// whole message.
	Error string
}

// Message is what a stream said.
type Message struct {
	ID, Model  string
	Blocks     []Block
	StopReason string
	Sequence   string
	Usage      map[string]any // of message_start, as message_delta changed it
	StartInput float64        // input_tokens as message_start said them
	Error      string         // type of the error frame
	Whole      bool           // message_stop came
}

// Block is a content block, put together.
type Block struct {
	Type, Text, Signature string
	ID, Name              string
	Input                 string // JSON
}

// Text joins the text blocks.
func (m *Message) Text() (s string) {
	for _, b := range m.Blocks {
		if b.Type == "text" {
			s += b.Text
		}
	}
	return s
}

// ValidStream fails the test unless raw is a good stream, and returns what it
// said.
func ValidStream(t testing.TB, raw []byte, o Expect) *Message {
	t.Helper()
	m, err := Check(raw)
	require.NoError(t, err, "%s", raw)
	require.Equal(t, o.Error, m.Error, "the error that ends the stream: %s", raw)
	require.Equal(t, o.Error == "", m.Whole, "whether the message is whole: %s", raw)
	return m
}

// Check runs the state machine over a stream; it returns what was said up to the
// first fault.
func Check(raw []byte) (*Message, error) {
	c := &checker{m: &Message{}, open: -1}
	var in sse.Reader
	in.Reset(bytes.NewReader(raw), 0)
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			return c.m, c.atEnd()
		}
		if err != nil {
			return c.m, err
		}
		if !e.HasData {
			continue // a comment
		}
		if err := c.event(string(e.Name), e.Data); err != nil {
			return c.m, fmt.Errorf("%w in %s", err, e.Raw)
		}
	}
}

type event struct {
	Type    string          `json:"type"`
	Index   *int            `json:"index"`
	Message json.RawMessage `json:"message"`
	Block   *struct {
		Type, Text, Thinking, Signature, ID, Name, Data string
		Input                                           json.RawMessage
	} `json:"content_block"`
	Delta map[string]json.RawMessage `json:"delta"`
	Usage map[string]any             `json:"usage"`
	Error *struct {
		Type, Message string
	} `json:"error"`
}

type checker struct {
	m       *Message
	started bool
	stopped bool // message_delta with a stop reason came
	open    int  // index of the open block, -1 for none
	next    int
}

func (c *checker) atEnd() error {
	if !c.m.Whole && c.m.Error == "" {
		return errors.New("the stream ends without message_stop and without an error")
	}
	return nil
}

func (c *checker) event(name string, data []byte) error {
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	switch {
	case name != e.Type:
		return fmt.Errorf("the event %q has data of the type %q", name, e.Type)
	case c.m.Whole || c.m.Error != "":
		return errors.New("an event behind the end")
	case e.Type == "ping":
		return nil
	case e.Type == "error":
		if e.Error == nil || e.Error.Type == "" || e.Error.Message == "" {
			return errors.New("an error without type or message")
		}
		c.m.Error = e.Error.Type
		return nil
	case e.Type == "message_start":
		return c.start(&e)
	case !c.started:
		return errors.New("an event before message_start")
	case c.stopped && e.Type != "message_stop":
		return errors.New("an event between message_delta and message_stop")
	}
	switch e.Type {
	case "content_block_start":
		return c.begin(&e)
	case "content_block_delta":
		return c.delta(&e)
	case "content_block_stop":
		return c.end(&e)
	case "message_delta":
		return c.change(&e)
	case "message_stop":
		if !c.stopped {
			return errors.New("message_stop without a stop reason")
		}
		c.m.Whole = true
		return nil
	}
	return errors.New("an unknown type of event")
}

func (c *checker) start(e *event) error {
	var m struct {
		ID, Type, Role, Model string
		Content               []any
		StopReason            *string `json:"stop_reason"`
		Usage                 map[string]any
	}
	if c.started {
		return errors.New("a second message_start")
	}
	if err := json.Unmarshal(e.Message, &m); err != nil {
		return err
	}
	if m.ID == "" || m.Type != "message" || m.Role != "assistant" || m.Model == "" || m.Content == nil || len(m.Content) > 0 || m.StopReason != nil {
		return errors.New("message_start does not begin a message")
	}
	c.m.ID, c.m.Model, c.m.Usage, c.started = m.ID, m.Model, m.Usage, true
	input, ok := m.Usage["input_tokens"].(float64)
	if _, out := m.Usage["output_tokens"].(float64); !ok || !out {
		return errors.New("message_start without usage")
	}
	c.m.StartInput = input
	return nil
}

func (c *checker) begin(e *event) error {
	switch {
	case c.open >= 0:
		return errors.New("two blocks are open")
	case e.Index == nil || *e.Index != c.next:
		return fmt.Errorf("the block is not number %d", c.next)
	case e.Block == nil || e.Block.Type == "":
		return errors.New("a block without a type")
	}
	b := e.Block
	if b.Type == "tool_use" && (b.ID == "" || b.Name == "" || string(b.Input) != "{}") {
		return errors.New("a tool_use without id, name or empty input")
	}
	c.open = c.next
	c.next++
	c.m.Blocks = append(c.m.Blocks, Block{Type: b.Type, Text: b.Text + b.Thinking + b.Data, Signature: b.Signature, ID: b.ID, Name: b.Name})
	return nil
}

var deltas = map[string]struct{ block, field string }{
	"text_delta":       {"text", "text"},
	"thinking_delta":   {"thinking", "thinking"},
	"signature_delta":  {"thinking", "signature"},
	"input_json_delta": {"tool_use", "partial_json"},
	"citations_delta":  {"text", "citation"},
}

func (c *checker) delta(e *event) error {
	if c.open < 0 || e.Index == nil || *e.Index != c.open {
		return errors.New("a delta of a block that is not open")
	}
	var kind, text string
	_ = json.Unmarshal(e.Delta["type"], &kind)
	d, ok := deltas[kind]
	b := &c.m.Blocks[len(c.m.Blocks)-1]
	if !ok || d.block != b.Type && !(d.block == "tool_use" && b.Type == "server_tool_use") {
		return fmt.Errorf("a %q in a block of the type %q", kind, b.Type)
	}
	raw, ok := e.Delta[d.field]
	if !ok {
		return fmt.Errorf("a %q without %q", kind, d.field)
	}
	_ = json.Unmarshal(raw, &text)
	switch d.field {
	case "signature":
		b.Signature += text
	case "partial_json":
		b.Input += text
	case "text", "thinking":
		b.Text += text
	}
	return nil
}

func (c *checker) end(e *event) error {
	if c.open < 0 || e.Index == nil || *e.Index != c.open {
		return errors.New("the end of a block that is not open")
	}
	c.open = -1
	b := &c.m.Blocks[len(c.m.Blocks)-1]
	if b.Type != "tool_use" {
		return nil
	}
	if b.Input == "" {
		b.Input = "{}"
	}
	if !json.Valid([]byte(b.Input)) {
		return fmt.Errorf("the input of a tool is no JSON: %s", b.Input)
	}
	return nil
}

var reasons = map[string]bool{
	"end_turn": true, "max_tokens": true, "stop_sequence": true, "tool_use": true, "pause_turn": true, "refusal": true,
	"model_context_window_exceeded": true,
}

func (c *checker) change(e *event) error {
	if c.open >= 0 {
		return errors.New("message_delta while a block is open")
	}
	var reason, sequence string
	_ = json.Unmarshal(e.Delta["stop_reason"], &reason)
	_ = json.Unmarshal(e.Delta["stop_sequence"], &sequence)
	if !reasons[reason] {
		return fmt.Errorf("the stop reason %q is none", reason)
	}
	if _, ok := e.Usage["output_tokens"].(float64); !ok {
		return errors.New("message_delta without usage")
	}
	for name, v := range e.Usage {
		c.m.Usage[name] = v
	}
	c.m.StopReason, c.m.Sequence, c.stopped = reason, sequence, true
	return nil
}
