package chattest

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// chunk is a frame of a stream.
type chunk struct {
	ID      string          `json:"id"`
	Object  string          `json:"object"`
	Created int64           `json:"created"`
	Model   string          `json:"model"`
	Choices []choice        `json:"choices"`
	Usage   json.RawMessage `json:"usage"`
	Error   *Error          `json:"error"`
}

type choice struct {
	Index  int     `json:"index"`
	Delta  *delta  `json:"delta"`
	Finish *string `json:"finish_reason"`
}

type delta struct {
	Role      *string           `json:"role"`
	Content   *string           `json:"content"`
	Reasoning *string           `json:"reasoning_content"`
	Refusal   *string           `json:"refusal"`
	Calls     []callDelta       `json:"tool_calls"`
	Function  *functionDelta    `json:"function_call"`
	Thoughts  []json.RawMessage `json:"thinking_blocks"`
}

type callDelta struct {
	Index    *int           `json:"index"`
	ID       *string        `json:"id"`
	Type     *string        `json:"type"`
	Function *functionDelta `json:"function"`
}

type functionDelta struct {
	Name      *string `json:"name"`
	Arguments *string `json:"arguments"`
}

// Fields that a stream of the gateway's own may have.
var (
	ofChunk  = set("id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint")
	ofChoice = set("index", "delta", "finish_reason", "logprobs")
	ofDelta  = set("role", "content", "refusal", "tool_calls", "function_call", "reasoning_content", "thinking_blocks", "extra_content", "images")
)

func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, n := range names {
		s[n] = true
	}
	return s
}

func (m *machine) chunk(c *chunk, raw []byte) error {
	if err := m.frameOf(c); err != nil {
		return err
	}
	if !m.Native {
		if err := known(raw); err != nil {
			return err
		}
	}
	if m.usage {
		return errors.New("a chunk stands behind the usage chunk")
	}
	for i := range c.Choices {
		if err := m.choice(&c.Choices[i]); err != nil {
			return fmt.Errorf("answer %d: %w", c.Choices[i].Index, err)
		}
	}
	return m.count(c)
}

// frameOf checks what all chunks have in common.
func (m *machine) frameOf(c *chunk) error {
	if c.Object != "chat.completion.chunk" && !m.Native {
		return fmt.Errorf("object is %q", c.Object)
	}
	if c.ID == "" || c.Choices == nil {
		return errors.New("a chunk needs an id and choices")
	}
	shape := fmt.Sprint(c.ID, c.Model, c.Created)
	if m.begun && shape != m.shape {
		return errors.New("id, model or time changed within the stream")
	}
	m.begun, m.shape, m.out.ID, m.out.Model = true, shape, c.ID, c.Model
	return nil
}

func (m *machine) choice(c *choice) error {
	if c.Index < 0 || c.Index >= m.Answers {
		return errors.New("there is no such answer")
	}
	a := &m.out.Answers[c.Index]
	if a.Finish != "" {
		return errors.New("it goes on after its finish reason")
	}
	if c.Delta == nil {
		return errors.New("a delta is missing")
	}
	if err := m.delta(a, c.Delta); err != nil {
		return err
	}
	if c.Finish == nil {
		return nil
	}
	return m.finish(a, *c.Finish)
}

func (m *machine) delta(a *Answer, d *delta) error {
	if (d.Role != nil) == a.begun && !m.Native {
		return errors.New("the role stands in the first delta, and there only")
	}
	if d.Role != nil && *d.Role != "assistant" {
		return fmt.Errorf("role is %q", *d.Role)
	}
	a.begun = true
	a.Content += value(d.Content)
	a.Reasoning += value(d.Reasoning)
	a.Refusal += value(d.Refusal)
	a.Thoughts = append(a.Thoughts, d.Thoughts...)
	for i := range d.Calls {
		if err := m.call(a, &d.Calls[i]); err != nil {
			return err
		}
	}
	return nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

var cleanID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// call checks a piece of a tool call: first comes the frame with empty arguments,
// then nothing but arguments; the index counts calls.
func (m *machine) call(a *Answer, c *callDelta) error {
	if c.Index == nil || *c.Index < 0 || *c.Index > len(a.Calls) {
		return errors.New("the index of a tool call must count the calls")
	}
	if *c.Index < len(a.Calls) {
		if c.ID != nil || c.Type != nil && !m.Native || c.Function != nil && c.Function.Name != nil {
			return errors.New("a tool call is begun twice")
		}
		if c.Function != nil {
			a.Calls[*c.Index].Arguments += value(c.Function.Arguments)
		}
		return nil
	}
	if value(c.Type) != "function" || c.Function == nil || value(c.Function.Name) == "" || c.Function.Arguments == nil {
		return errors.New("a tool call begins with id, type, name and arguments")
	}
	if !m.Native && *c.Function.Arguments != "" {
		return errors.New("a tool call begins with empty arguments")
	}
	id := value(c.ID)
	if id == "" || !m.Native && !cleanID.MatchString(id) {
		return fmt.Errorf("%q is no id that every provider takes", id)
	}
	for _, other := range a.Calls {
		if other.ID == id {
			return fmt.Errorf("the id %s is used twice", id)
		}
	}
	a.Calls = append(a.Calls, Call{id, *c.Function.Name, *c.Function.Arguments})
	return nil
}

// count checks the rule of include_usage.
func (m *machine) count(c *chunk) error {
	some := len(c.Usage) > 0 && string(c.Usage) != "null"
	if !some {
		if len(c.Choices) == 0 && !m.Native {
			return errors.New("a chunk without choices has no usage")
		}
		return nil
	}
	if m.Native {
		return m.read(c)
	}
	if !m.Usage || len(c.Choices) > 0 {
		return errors.New("usage stands in a chunk of its own, when it was asked for")
	}
	m.usage = true
	if err := m.whole(); err != nil {
		return fmt.Errorf("usage before the end: %w", err)
	}
	return m.read(c)
}

func (m *machine) read(c *chunk) error {
	m.out.Usage = &Usage{}
	if err := json.Unmarshal(c.Usage, m.out.Usage); err != nil {
		return err
	}
	if u := m.out.Usage; u.Total != u.Prompt+u.Completion {
		return errors.New("the total is not the sum")
	}
	return nil
}

// known refuses fields that no client of the protocol has heard of.
func known(raw []byte) error {
	var c map[string]json.RawMessage
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	if err := only(c, ofChunk); err != nil {
		return err
	}
	var choices []map[string]json.RawMessage
	if err := json.Unmarshal(c["choices"], &choices); err != nil {
		return err
	}
	for _, choice := range choices {
		if err := only(choice, ofChoice); err != nil {
			return err
		}
		var d map[string]json.RawMessage
		if err := json.Unmarshal(choice["delta"], &d); err != nil {
			return err
		}
		if err := only(d, ofDelta); err != nil {
			return err
		}
	}
	return nil
}

func only(fields map[string]json.RawMessage, names map[string]bool) error {
	for name := range fields {
		if !names[name] {
			return fmt.Errorf("the protocol has no field %s there", name)
		}
	}
	return nil
}
