package generate

import (
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// Tokens that stand for an effort where a model counts its reasoning, and the
// other way round. Source: ai.google.dev/gemini-api/docs/openai (reasoning_effort).
var budgets = map[string]int64{"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 32768, "max": 32768}

// thinking writes how hard the model shall think.
func (w *requestWriter) thinking() error {
	t := w.r.Reasoning
	if t == nil {
		return nil
	}
	if w.native {
		w.nativeThinking(t)
		return nil
	}
	off := t.Off || t.Effort == "none" || t.Budget != nil && *t.Budget == 0
	if !off && t.Effort == "" && t.Budget == nil && !t.Adaptive && t.Include == nil && t.Summary == "" {
		return nil
	}
	a := &w.o.Ability
	if a.Known && a.Thinks == canonical.ThinksNot {
		if field := named(w.r, "reasoning_effort"); !off && !w.o.Drop(field) {
			return dcoder.Invalid(field, "the model %s does not reason", w.o.Model)
		}
		return nil
	}
	w.key("thinkingConfig")
	w.open('{')
	if !off && wantsThoughts(w.r) {
		w.key("includeThoughts")
		w.bool(true)
	}
	w.hardness(t, off)
	w.close('}')
	return nil
}

// wantsThoughts reports whether thoughts shall be told: whoever asks for
// reasoning gets them, but for protocols with a switch of their own.
func wantsThoughts(r *canonical.Request) bool {
	if r.Reasoning.Include != nil {
		return *r.Reasoning.Include
	}
	return r.Origin != canonical.Responses || r.Reasoning.Summary != ""
}

// hardness writes a level or a budget, whichever the model takes. A budget is a
// hint, so one out of bounds is moved to the bound; where reasoning cannot be
// switched off, the least of it is asked for.
func (w *requestWriter) hardness(t *canonical.Reasoning, off bool) {
	a := &w.o.Ability
	level := a.Thinks == canonical.ThinksEffort || !a.Known && t.Budget == nil && !off
	if level {
		if word := effortOf(t, off, a.Efforts); word != "" {
			w.member("thinkingLevel", strings.ToUpper(word))
		}
		return
	}
	n, said := budgets[t.Effort]
	switch {
	case off:
		n, said = 0, true
	case t.Budget != nil:
		n, said = *t.Budget, true
	}
	if !said {
		return
	}
	if n >= 0 && !(off && !a.CannotTurnOff) { // -1: as many as the model likes
		if a.BudgetMost > 0 {
			n = min(n, a.BudgetMost)
		}
		n = max(n, a.BudgetLeast)
	}
	w.key("thinkingBudget")
	w.int(n)
}

var ladder = []string{"minimal", "low", "medium", "high", "xhigh", "max"}

// effortOf picks the word of a model's own that is nearest to what was asked:
// the same, else the next higher, else its highest.
func effortOf(t *canonical.Reasoning, off bool, words []string) string {
	asked := t.Effort
	switch {
	case off:
		asked = "minimal"
	case asked == "" && t.Budget != nil && *t.Budget > 0:
		asked = "high"
		for _, word := range []string{"medium", "low"} {
			if *t.Budget <= budgets[word] {
				asked = word
			}
		}
	}
	if asked == "" || len(words) == 0 || slices.Contains(words, asked) {
		return asked
	}
	at := slices.Index(ladder, asked)
	best := ""
	for i, word := range ladder {
		if !slices.Contains(words, word) {
			continue
		}
		if best = word; i >= at {
			break
		}
	}
	return best
}

func (w *requestWriter) nativeThinking(t *canonical.Reasoning) {
	w.key("thinkingConfig")
	w.open('{')
	if t.Include != nil {
		w.key("includeThoughts")
		w.bool(*t.Include)
	}
	w.whole("thinkingBudget", t.Budget)
	if t.Effort != "" && t.Extra["thinkingLevel"] == nil {
		w.member("thinkingLevel", strings.ToUpper(t.Effort))
	}
	w.members(t.Extra)
	w.close('}')
}
