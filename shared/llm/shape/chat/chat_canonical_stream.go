package chat

import (
	"encoding/json"
	"errors"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// streamReader reads the chunks of one stream.
type streamReader struct {
	dst     []canonical.Event
	begun   bool
	tier    string
	answers []*answer
}

var errMixed = errors.New("a tool call goes on after its end")

// Read implements canonical.Reader.
func (s *streamReader) Read(dst []canonical.Event, e sse.Event) ([]canonical.Event, error) {
	if !e.HasData {
		return append(dst, canonical.Event{Kind: canonical.EventPing}), nil
	}
	s.dst = dst
	defer func() { s.dst = nil }()
	data := trim(e.Data)
	if string(data) == "[DONE]" {
		s.end()
		return s.dst, nil
	}
	if err := scan(data); err != nil {
		return dst, err
	}
	err := s.chunk(data, string(e.Name) == "error")
	return s.dst, err
}

func (s *streamReader) emit(e canonical.Event) { s.dst = append(s.dst, e) }

func (s *streamReader) chunk(data json.RawMessage, failed bool) error {
	var choices, usage, groq json.RawMessage
	start := canonical.Event{Kind: canonical.EventStart}
	for key, v := range members(data) {
		switch key {
		case "id":
			start.ID, _ = text(v)
		case "model":
			start.Model, _ = text(v)
		case "created":
			start.Created, _ = whole(v)
		case "service_tier":
			s.tier, _ = text(v)
		case "choices":
			choices = v
		case "usage":
			usage = v
		case "x_groq":
			groq = v
			failed = failed || !isNothing(member(v, "error"))
		case "error":
			failed = failed || !isNull(v)
		}
	}
	if failed {
		s.fail(data, groq)
		return nil
	}
	if !s.begun && start.ID+start.Model != "" {
		s.begun = true
		s.emit(start)
	}
	for _, c := range elements(choices) {
		if err := s.choice(c); err != nil {
			return err
		}
	}
	s.usage(usage, groq)
	return nil
}

func (s *streamReader) fail(data, groq json.RawMessage) {
	p, ok := problem(0, data)
	if !ok && groq != nil {
		p, _ = problem(0, groq)
	}
	s.emit(canonical.Event{Kind: canonical.EventError, Err: &p})
}

func (s *streamReader) usage(usage, groq json.RawMessage) {
	u := usageIn(usage, groq)
	if !u.Reported {
		return
	}
	u.ServiceTier = s.tier
	s.emit(canonical.Event{Kind: canonical.EventUsage, Usage: &u})
}

// end is the protocol's own end. An answer that never said why it stopped was
// done.
func (s *streamReader) end() {
	for _, a := range s.answers {
		if !a.stopped {
			a.stop("")
		}
	}
	s.emit(canonical.Event{Kind: canonical.EventEnd})
}

func (s *streamReader) choice(v json.RawMessage) error {
	index, _ := whole(member(v, "index"))
	a := s.answer(int(index))
	if err := a.delta(member(v, "delta"), member(v, "logprobs")); err != nil {
		return err
	}
	if word, ok := text(member(v, "finish_reason")); ok && !a.stopped {
		a.stop(word)
	}
	return nil
}

func (s *streamReader) answer(index int) *answer {
	for _, a := range s.answers {
		if a.index == index {
			return a
		}
	}
	a := &answer{streamReader: s, index: index}
	s.answers = append(s.answers, a)
	return a
}
