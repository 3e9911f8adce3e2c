package conformance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/messages/messagestest"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/responses/responsestest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// said is what an answer says, whatever protocol it is in, read without the
// translators.
type said struct {
	Text  string
	Calls []string // name and arguments, as equal JSON
}

func (s *said) call(name, arguments string) {
	if strings.TrimSpace(arguments) == "" {
		arguments = "{}"
	}
	var v any
	if err := json.Unmarshal([]byte(arguments), &v); err != nil {
		v = arguments
	}
	raw, _ := json.Marshal(v) // it was JSON
	s.Calls = append(s.Calls, name+string(raw))
}

// read reads an answer in the protocol of kind; an error says why it is not valid.
func read(kind llm.Kind, stream bool, body []byte, native bool) (said, error) {
	switch {
	case kind == llm.Chat && stream:
		return chatStream(body, native)
	case kind == llm.Message && stream:
		return messageStream(body)
	case kind == llm.Response && stream:
		return responseStream(body)
	}
	if kind == llm.Completion && stream {
		return completionStream(body)
	}
	return whole(kind, body)
}

// completionStream joins what a legacy stream says.
func completionStream(body []byte) (s said, err error) {
	all, err := events(body)
	for _, raw := range all {
		d, err := decode(raw)
		if err != nil {
			return s, err
		}
		s.Text += d.at("choices", 0, "text").str()
	}
	if !bytes.HasSuffix(bytes.TrimSpace(body), []byte("data: [DONE]")) {
		err = errors.New("no [DONE]")
	}
	return s, err
}

func chatStream(body []byte, native bool) (s said, err error) {
	usage := bytes.Contains(body, []byte(`"choices":[]`))
	got, err := chattest.Check(body, chattest.Expect{Native: native, Usage: usage})
	if err != nil {
		return s, err
	}
	for _, c := range got.Answers[0].Calls {
		s.call(c.Name, c.Arguments)
	}
	s.Text = got.Answers[0].Content
	return s, nil
}

func messageStream(body []byte) (s said, err error) {
	m, err := messagestest.Check(body)
	if err == nil && !m.Whole {
		err = errors.New("no message_stop")
	}
	if err != nil {
		return s, err
	}
	for _, b := range m.Blocks {
		if b.Type == "tool_use" {
			s.call(b.Name, b.Input)
		}
	}
	s.Text = m.Text()
	return s, nil
}

func responseStream(body []byte) (s said, err error) {
	got, err := responsestest.Check(body)
	if err == nil && got.Status == "" {
		err = errors.New("no terminal event")
	}
	if err != nil {
		return s, err
	}
	for _, c := range got.Calls {
		s.call(c.Name, c.Arguments)
	}
	s.Text = got.Text
	return s, nil
}

// doc is decoded JSON that is walked without looking back: what is missing is nil.
type doc struct{ v any }

func (d doc) at(path ...any) doc {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := d.v.(map[string]any)
			d = doc{m[p]}
		case int:
			l, _ := d.v.([]any)
			if p >= len(l) {
				return doc{}
			}
			d = doc{l[p]}
		}
	}
	return d
}

func (d doc) list() (out []doc) {
	l, _ := d.v.([]any)
	for _, v := range l {
		out = append(out, doc{v})
	}
	return out
}

func (d doc) str() string {
	s, _ := d.v.(string)
	return s
}

func (d doc) num() int64 {
	n, _ := d.v.(float64)
	return int64(n)
}

func (d doc) json() string {
	raw, _ := json.Marshal(d.v) // it was JSON
	return string(raw)
}

func decode(body []byte) (d doc, err error) { return d, json.Unmarshal(body, &d.v) }

// whole reads a whole answer, and checks the fields that strict clients want.
func whole(kind llm.Kind, body []byte) (s said, err error) {
	d, err := decode(body)
	if err != nil {
		return s, err
	}
	switch kind {
	case llm.Chat:
		return wholeChat(d)
	case llm.Message:
		return wholeMessage(d)
	case llm.Response:
		return wholeResponse(d)
	}
	return said{Text: d.json()}, nil // forwarded
}

func wholeChat(d doc) (s said, err error) {
	m := d.at("choices", 0, "message")
	if d.at("object").str() != "chat.completion" || m.at("role").str() != "assistant" {
		return s, errors.New("not a chat completion")
	}
	switch f := d.at("choices", 0, "finish_reason").str(); f {
	case "stop", "length", "tool_calls", "content_filter", "function_call":
	default:
		return s, fmt.Errorf("finish_reason %q", f)
	}
	s.Text = m.at("content").str()
	for _, c := range m.at("tool_calls").list() {
		s.call(c.at("function", "name").str(), c.at("function", "arguments").str())
	}
	return s, nil
}

func wholeMessage(d doc) (s said, err error) {
	if d.at("type").str() != "message" || d.at("role").str() != "assistant" || d.at("stop_reason").str() == "" {
		return s, errors.New("not a message")
	}
	for _, b := range d.at("content").list() {
		switch b.at("type").str() {
		case "text":
			s.Text += b.at("text").str()
		case "tool_use":
			s.call(b.at("name").str(), b.at("input").json())
		}
	}
	return s, nil
}

func wholeResponse(d doc) (s said, err error) {
	if d.at("object").str() != "response" || d.at("status").str() == "" {
		return s, errors.New("not a response")
	}
	for _, item := range d.at("output").list() {
		switch item.at("type").str() {
		case "message":
			for _, c := range item.at("content").list() {
				s.Text += c.at("text").str()
			}
		case "function_call":
			s.call(item.at("name").str(), item.at("arguments").str())
		}
	}
	return s, nil
}

// gemini reads a recorded answer of generateContent.
func gemini(stream bool, body []byte) (s said, last doc, err error) {
	parts := [][]byte{body}
	if stream {
		if parts, err = events(body); err != nil {
			return s, last, err
		}
	}
	for _, raw := range parts {
		if last, err = decode(raw); err != nil {
			return s, last, err
		}
		for _, p := range last.at("candidates", 0, "content", "parts").list() {
			if thought, _ := p.at("thought").v.(bool); thought {
				continue
			}
			s.Text += p.at("text").str()
			if f := p.at("functionCall"); f.v != nil {
				s.call(f.at("name").str(), f.at("args").json())
			}
		}
	}
	return s, last, nil
}

// events returns the data of a stream's events.
func events(body []byte) (out [][]byte, err error) {
	var in sse.Reader
	in.Reset(bytes.NewReader(body), 0)
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if e.HasData && string(e.Data) != "[DONE]" {
			out = append(out, bytes.Clone(e.Data))
		}
	}
}
