package llmsim

import (
	"encoding/json"
	"strings"
)

// ask is a request in the terms that the dialects share.
type ask struct {
	model     string
	stream    bool
	turns     []turn
	tools     []tool
	choice    toolChoice
	oneCall   bool            // no parallel calls
	object    bool            // a JSON object is wanted
	schema    json.RawMessage // ... that fits this schema
	maxTokens int             // 0: no limit
	stops     []string
	think     bool // visible reasoning is wanted
	length    int  // a fault wants so many tokens
}

// turn is one message.
type turn struct {
	role string // "system", "user", "assistant", "tool"
	text string
}

// tool is a function that the model may call.
type tool struct {
	name, description string
	schema            json.RawMessage
}

// toolChoice is what the caller decided about tools: mode "auto", "none",
// "any", or "one" with a name.
type toolChoice struct{ mode, name string }

// perMessage is what a message costs beside its text, in tokens.
const perMessage = 4

// inputTokens counts everything that the model reads.
func (a *ask) inputTokens() int {
	n := 0
	for _, t := range a.turns {
		n += perMessage + CountTokens(t.text)
	}
	for _, t := range a.tools {
		n += CountTokens(t.name) + CountTokens(t.description) + CountTokens(string(t.schema))
	}
	return n + CountTokens(string(a.schema))
}

// question returns the last message of the user: its last paragraph, and what
// stands before it (context that was put into the same message).
func (a *ask) question() (question, before string) {
	for i := len(a.turns) - 1; i >= 0; i-- {
		if a.turns[i].role == "user" {
			return lastParagraph(a.turns[i].text)
		}
	}
	return "", ""
}

func lastParagraph(s string) (last, before string) {
	s = strings.TrimSpace(s)
	i := strings.LastIndexByte(s, '\n')
	if i < 0 {
		return s, ""
	}
	return s[i+1:], s[:i]
}

// lastRole returns the role of the last message.
func (a *ask) lastRole() string {
	if len(a.turns) == 0 {
		return ""
	}
	return a.turns[len(a.turns)-1].role
}
