package llmsim

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// wantsTools reports whether the answer is a call of tools: the caller forces
// one, or the last message is the user's and names one.
func wantsTools(q *ask) bool {
	if len(q.tools) == 0 || q.choice.mode == "none" {
		return false
	}
	if q.choice.mode == "any" || q.choice.mode == "one" {
		return true
	}
	return q.lastRole() == "user" && len(namedTools(q)) > 0
}

// callTools makes the calls: the forced tool, the named ones, or the first.
func callTools(q *ask) []toolCall {
	chosen := namedTools(q)
	if q.choice.mode == "one" {
		chosen = pick(q.tools, q.choice.name)
	}
	if len(chosen) == 0 {
		chosen = q.tools[:1]
	}
	if q.oneCall {
		chosen = chosen[:1]
	}
	out := make([]toolCall, len(chosen))
	for i, t := range chosen {
		schema := t.schema
		if len(schema) == 0 {
			schema = json.RawMessage(`{"type":"object"}`)
		}
		out[i] = toolCall{id: token(24), name: t.name, args: instanceOf(schema, hints(q))}
	}
	return out
}

func pick(tools []tool, name string) []tool {
	for i := range tools {
		if tools[i].name == name {
			return tools[i : i+1]
		}
	}
	return nil
}

// namedTools returns the tools whose names occur in the user's last message:
// the whole name, or a word of it that is not a mere verb.
func namedTools(q *ask) []tool {
	text := lastUserText(q)
	said := map[string]bool{}
	for _, w := range words(text) {
		said[stem(w)] = true
	}
	var out []tool
	for _, t := range q.tools {
		if strings.Contains(text, t.name) || anySaid(said, t.name) {
			out = append(out, t)
		}
	}
	return out
}

func lastUserText(q *ask) string {
	for i := len(q.turns) - 1; i >= 0; i-- {
		if q.turns[i].role == "user" {
			return q.turns[i].text
		}
	}
	return ""
}

var plainVerbs = map[string]bool{
	"get": true, "set": true, "fetch": true, "find": true, "make": true, "do": true, "run": true, "call": true, "list": true,
	"tool": true, "function": true, "current": true, "for": true, "in": true, "of": true, "by": true, "to": true, "the": true, "a": true, "is": true,
}

func anySaid(said map[string]bool, name string) bool {
	for _, w := range words(splitCamel(name)) {
		if !plainVerbs[w] && said[stem(w)] {
			return true
		}
	}
	return false
}

func splitCamel(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hint is what a schema's fields are filled with: numbers and names as the user
// wrote them, in order.
type hint struct {
	text    string
	numbers []string
	names   []string
	answer  string
}

var (
	numberPattern = regexp.MustCompile(`-?\d+(\.\d+)?`)
	namePattern   = regexp.MustCompile(`\p{Lu}[\p{L}\p{N}'-]*(,? ?\p{Lu}[\p{L}\p{N}'-]*)*`)
)

func hints(q *ask) *hint {
	text := clip(lastUserText(q), 4000)
	h := &hint{text: strings.ToLower(text), numbers: numberPattern.FindAllString(text, 20), answer: bestSentence(q)}
	for _, at := range namePattern.FindAllStringIndex(text, 20) {
		if at[0] > 0 { // the first word of a message is rarely a name
			h.names = append(h.names, text[at[0]:at[1]])
		}
	}
	if h.answer == "" {
		h.answer = clip(text, 80)
	}
	return h
}
