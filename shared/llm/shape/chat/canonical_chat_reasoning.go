package chat

import (
	"slices"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// reasoningFields are the ways in which clients of this protocol say it.
var reasoningFields = []string{"reasoning_effort", "reasoning", "thinking", "include_reasoning"}

// reasoning writes reasoning_effort. To a server of which nothing is known a
// client's own words go on.
func (w *request) reasoning() {
	r := w.r.Reasoning
	if r == nil || w.native && !w.o.Ability.Known {
		return
	}
	w.leave(reasoningFields...)
	word := effort(r, w.o.Ability.Efforts)
	if word == "" || w.o.Ability.Known && w.o.Ability.Thinks == canonical.ThinksNot && offWord(r) {
		return
	}
	if w.can(w.o.Ability.Thinks != canonical.ThinksNot, w.reasoningName(), "it does not reason") {
		w.text("reasoning_effort", word)
	}
}

// reasoningName is the field that the client used.
func (w *request) reasoningName() string {
	for _, name := range reasoningFields {
		if w.rawOf(name) != nil {
			return name
		}
	}
	return "reasoning_effort"
}

func offWord(r *canonical.Reasoning) bool {
	return r.Off || r.Effort == "none" || r.Budget != nil && *r.Budget == 0
}

// words are all efforts, the least first.
var words = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// Budgets of thinking tokens up to which a word is the nearest.
const (
	lowBudget    = 4 << 10
	mediumBudget = 16 << 10
)

// effort says in a word that the model takes what a client asked for, or nothing
// when the model is to decide.
func effort(r *canonical.Reasoning, takes []string) string {
	if len(takes) == 0 {
		takes = []string{"low", "medium", "high"}
	}
	word := r.Effort
	switch {
	case offWord(r):
		word = "none"
	case word != "":
	case r.Budget == nil || *r.Budget < 0:
		return ""
	case *r.Budget <= lowBudget:
		word = "low"
	case *r.Budget <= mediumBudget:
		word = "medium"
	default:
		word = "high"
	}
	return nearest(word, takes)
}

// nearest is the word itself, or of those that are taken the one next to it, the
// lower one first; a word that nobody knows goes on as it is.
func nearest(word string, takes []string) string {
	at := slices.Index(words, word)
	if at < 0 || slices.Contains(takes, word) {
		return word
	}
	for d := 1; d < len(words); d++ {
		for _, i := range []int{at - d, at + d} {
			if i >= 0 && i < len(words) && slices.Contains(takes, words[i]) {
				return words[i]
			}
		}
	}
	return ""
}
