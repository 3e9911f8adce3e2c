package llm

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/sse"
)

// Completions of a prompt have no canonical form: their streams repeat the whole
// answer's shape, with a piece of the text in each.

type textAnswer struct {
	ID      string          `json:"id"`
	Object  string          `json:"object"`
	Created int64           `json:"created"`
	Model   string          `json:"model"`
	System  json.RawMessage `json:"system_fingerprint,omitempty"`
	Choices []textChoice    `json:"choices"`
	Usage   json.RawMessage `json:"usage,omitempty"`
}

type textChoice struct {
	Text     string          `json:"text"`
	Index    int             `json:"index"`
	LogProbs json.RawMessage `json:"logprobs"`
	Finish   *string         `json:"finish_reason"`
}

// assembleText makes a whole completion of a stream.
func assembleText(log []byte) ([]byte, bool) {
	var in sse.Reader
	in.Reset(bytes.NewReader(log), 0)
	var whole textAnswer
	for {
		e, err := in.Next()
		if err != nil {
			return nil, false
		}
		if !e.HasData {
			continue
		}
		if string(e.Data) == "[DONE]" {
			break
		}
		var c textAnswer
		if json.Unmarshal(e.Data, &c) != nil {
			return nil, false
		}
		whole.take(&c)
	}
	body, err := json.Marshal(whole)
	return body, err == nil && len(whole.Choices) > 0
}

func (a *textAnswer) take(c *textAnswer) {
	choices := a.Choices
	if usage := c.Usage; len(usage) == 0 || string(usage) == "null" {
		c.Usage = a.Usage
	}
	for _, more := range c.Choices {
		at := slices.IndexFunc(choices, func(t textChoice) bool { return t.Index == more.Index })
		if at < 0 {
			choices = append(choices, more)
			continue
		}
		choices[at].Text += more.Text
		if more.Finish != nil {
			choices[at].Finish = more.Finish
		}
	}
	*a = *c
	a.Choices = choices
}

// endedWell reports whether every answer of a completion came to its own end.
func endedWell(body []byte) bool {
	var a textAnswer
	if json.Unmarshal(body, &a) != nil || len(a.Choices) == 0 {
		return false
	}
	return !slices.ContainsFunc(a.Choices, func(c textChoice) bool { return c.Finish == nil || *c.Finish != "stop" })
}

// textFrames tells a whole completion as a stream.
func textFrames(body []byte, id string, created int64, usage bool) ([]byte, error) {
	var a textAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	a.ID, a.Created, a.Object = id, created, "text_completion"
	told, choices := a.Usage, a.Choices
	a.Usage = nil
	var out []byte
	for _, c := range choices {
		a.Choices = []textChoice{c}
		raw, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		out = sse.AppendData(out, raw)
	}
	if usage && len(told) > 0 {
		a.Choices, a.Usage = []textChoice{}, told
		raw, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		out = sse.AppendData(out, raw)
	}
	return append(out, sse.Done...), nil
}
