package messages

import (
	"slices"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// leastBudget is the fewest tokens of a thinking budget (Anthropic's
// documentation, "Extended thinking").
const leastBudget = 1024

// budgets are what an effort is on models that are told a number of tokens.
var budgets = map[string]int64{
	"minimal": 1024, "low": 2048, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 63_999,
}

// thinking writes how the model shall reason.
func (w *writer) thinking() error {
	t, name := w.r.Reasoning, w.named("reasoning_effort")
	switch {
	case t == nil && (w.own || !w.forced()):
		return nil
	case t == nil:
		w.notThinking()
		return nil
	case w.own:
		w.ownThinking(t)
		return nil
	case isOff(t) && w.o.Ability.CannotTurnOff:
		return w.cannot(name, "always reasons")
	case isOff(t):
		w.notThinking()
		return nil
	}
	if w.o.Ability.Known && w.o.Ability.Thinks == canonical.ThinksNot {
		return w.cannot(name, "does not reason")
	}
	if w.forced() {
		return w.cannot(name, "cannot reason when it is forced to use a tool, as it is for answers of some forms")
	}
	if w.o.Ability.Thinks == canonical.ThinksAdaptive {
		w.thinks = true
		w.adaptive(t)
		return nil
	}
	if w.unsigned {
		w.o.Dropped = append(w.o.Dropped, name)
		return nil
	}
	return w.budgeted(t, name)
}

func isOff(t *canonical.Reasoning) bool {
	return t.Off || t.Effort == "none" || t.Budget != nil && *t.Budget == 0
}

// forced reports whether a tool must be used, with which no model reasons.
func (w *writer) forced() bool {
	return w.formTool() || w.r.Choice != nil && forces(w.r.Choice) && len(w.offered) > 0
}

// notThinking switches reasoning off where it is on unless it is switched off.
func (w *writer) notThinking() {
	if a := &w.o.Ability; a.ThinksUnasked && !a.CannotTurnOff {
		w.key("thinking")
		w.raw([]byte(`{"type":"disabled"}`))
	}
}

func (w *writer) ownThinking(t *canonical.Reasoning) {
	kind := ""
	switch {
	case t.Budget != nil:
		kind = "enabled"
	case t.Adaptive:
		kind = "adaptive"
	case t.Off:
		kind = "disabled"
	case t.Extra == nil:
		return // an effort alone
	}
	w.key("thinking")
	w.open('{')
	if kind != "" {
		w.member("type", kind)
	}
	if t.Budget != nil {
		w.number("budget_tokens", *t.Budget)
	}
	w.extra(t.Extra)
	w.close('}')
}

func (w *writer) adaptive(t *canonical.Reasoning) {
	w.key("thinking")
	w.open('{')
	w.member("type", "adaptive")
	if t.Include == nil || *t.Include { // newer models leave thoughts out unless asked
		w.member("display", "summarized")
	}
	w.close('}')
}

// effort is a word that the model takes.
func (w *writer) effort(word string) string {
	words := w.o.Ability.Efforts
	if len(words) == 0 {
		words = []string{"low", "medium", "high"}
	}
	switch {
	case word == "" || slices.Contains(words, word):
		return word
	case word == "minimal":
		return "low"
	}
	return words[len(words)-1] // more than it has
}

// budgeted writes a number of tokens, at least 1,024 and less than max_tokens.
func (w *writer) budgeted(t *canonical.Reasoning, name string) error {
	n := budgets[t.Effort]
	switch {
	case t.Budget != nil && *t.Budget > 0:
		n = *t.Budget
	case n == 0:
		n = budgets["medium"]
	}
	n = max(min(n, w.maxTokens/4*3), leastBudget)
	if n >= w.maxTokens {
		return w.cannot(name, "reasons with at least 1,024 tokens, and max_tokens leaves no room for them")
	}
	w.thinks = true
	w.key("thinking")
	w.open('{')
	w.member("type", "enabled")
	w.number("budget_tokens", n)
	w.close('}')
	return nil
}
