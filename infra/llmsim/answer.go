package llmsim

import (
	"fmt"
	"strings"
)

// finish says why an answer ended.
type finish int

const (
	finishStop finish = iota
	finishLength
	finishTools
	finishSequence // a stop sequence
)

// answer is what will be said, in the terms that the dialects share.
type answer struct {
	thought []string // tokens of visible reasoning
	text    []string // tokens
	calls   []toolCall
	finish  finish
	stop    string // the stop sequence that was met
}

// toolCall is one call of a tool; args is a JSON object.
type toolCall struct{ id, name, args string }

func (c toolCall) tokens() int { return CountTokens(c.name) + CountTokens(c.args) }

func (a *answer) content() string { return strings.Join(a.text, "") }

// outputTokens counts everything that the model wrote.
func (a *answer) outputTokens() int {
	n := len(a.thought) + len(a.text)
	for _, c := range a.calls {
		n += c.tokens()
	}
	return max(n, 1)
}

// compose decides what to say.
func compose(q *ask) *answer {
	out := &answer{}
	if q.think {
		question, _ := q.question()
		out.thought = Tokenize("The question is: " + clip(question, 200))
	}
	switch {
	case q.length > 0:
		out.text = numbered(q.length)
	case wantsTools(q):
		out.calls = callTools(q)
		out.finish = finishTools
	case len(q.schema) > 0:
		out.text = Tokenize(instanceOf(q.schema, hints(q)))
	case q.object:
		out.text = Tokenize(fmt.Sprintf(`{"answer": %s}`, quoteJSON(say(q))))
	default:
		out.text = Tokenize(say(q))
	}
	out.trim(q)
	return out
}

// trim honours stop sequences, then the limit of tokens.
func (a *answer) trim(q *ask) {
	if s, stop := cutAtStop(a.content(), q.stops); stop != "" {
		a.text, a.finish, a.stop = Tokenize(s), finishSequence, stop
	}
	if q.maxTokens <= 0 || a.outputTokens() <= q.maxTokens {
		return
	}
	a.finish, a.stop, a.calls = finishLength, "", nil
	a.thought = a.thought[:min(len(a.thought), q.maxTokens)]
	a.text = a.text[:min(len(a.text), q.maxTokens-len(a.thought))]
}

// cutAtStop ends s before the stop sequence that comes first.
func cutAtStop(s string, stops []string) (cut, stop string) {
	at := -1
	for _, st := range stops {
		if i := strings.Index(s, st); st != "" && i >= 0 && (at < 0 || i < at) {
			at, stop = i, st
		}
	}
	if at < 0 {
		return s, ""
	}
	return s[:at], stop
}

// numbered returns n tokens that count themselves, so that a reader sees what
// is missing.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(" w%d", i+1)
	}
	return out
}

// say answers in words.
func say(q *ask) string {
	if q.lastRole() == "tool" {
		return sayResults(q)
	}
	question, _ := q.question()
	if s := bestSentence(q); s != "" {
		return s
	}
	if greets(question) {
		return "Hello! How can I help you?"
	}
	if question == "" {
		return "What would you like to know?"
	}
	return fmt.Sprintf("You asked: %q. Nothing in the context that I was given answers it.", clip(question, 160))
}

// sayResults tells what the tools answered.
func sayResults(q *ask) string {
	var results []string
	for i := len(q.turns) - 1; i >= 0 && q.turns[i].role == "tool"; i-- {
		results = append([]string{clip(q.turns[i].text, 400)}, results...)
	}
	return "The tools answered: " + strings.Join(results, "; ")
}

func greets(s string) bool {
	for _, w := range words(s) {
		switch w {
		case "hi", "hello", "hey", "greetings":
			return true
		}
	}
	return false
}

// clip shortens s to at most n bytes at a rune's border.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
