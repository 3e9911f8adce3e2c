package google

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// family is what models whose names begin alike can do.
type family struct {
	prefix string
	can    canonical.Ability
}

var (
	allLevels = []string{"minimal", "low", "medium", "high"}
	// modern is what every Gemini from 2.0 on can do.
	modern = canonical.Ability{
		Known: true, OutputMax: 65_536, Schema: true, JSONObject: true, RichSchema: true, Prefill: true, Vision: true, Documents: true,
		AudioInput: true, Tools: true, Many: true, StopMost: 5,
	}
)

func can(change func(*canonical.Ability)) canonical.Ability {
	a := modern
	change(&a)
	return a
}

// leveled is a model that is told by a word how hard to think, always thinks, and
// insists on signatures.
func leveled(prefill bool, words ...string) canonical.Ability {
	return can(func(a *canonical.Ability) {
		a.Thinks, a.Efforts, a.CannotTurnOff = canonical.ThinksEffort, words, true
		a.SignedCalls, a.SchemaWithTools, a.Prefill = true, true, prefill
		a.NoTemperature = !prefill // the same models refuse penalties
	})
}

// budgeted is a model that is told by a number of tokens.
func budgeted(least, most int64, always bool) canonical.Ability {
	return can(func(a *canonical.Ability) {
		a.Thinks, a.BudgetLeast, a.BudgetMost, a.CannotTurnOff = canonical.ThinksBudget, least, most, always
	})
}

// families are looked through in order: the longer name first. Sources:
// ai.google.dev/gemini-api/docs/{models,thinking,structured-output,function-calling}
// and docs.cloud.google.com/vertex-ai/generative-ai/docs/models, as of 2026-11.
var families = []family{
	{"gemini-3-pro", leveled(true, "low", "high")},
	{"gemini-3.1-pro", leveled(true, "low", "medium", "high")},
	{"gemini-3-flash", leveled(true, allLevels...)},
	{"gemini-3.1-flash", leveled(true, allLevels...)},
	{"gemini-3", leveled(false, allLevels...)}, // 3.5 on: no model's turn at the end
	{"gemini-2.5-pro", budgeted(128, 32_768, true)},
	{"gemini-2.5-flash-image", can(func(a *canonical.Ability) { a.Tools, a.Schema, a.RichSchema, a.OutputMax = false, false, false, 32_768 })},
	{"gemini-2.5-flash-lite", budgeted(512, 24_576, false)},
	{"gemini-2.5-flash", budgeted(1, 24_576, false)},
	{"gemini-2.0", can(func(a *canonical.Ability) { a.OutputMax = 8_192 })},
	{"gemini-1.5", can(func(a *canonical.Ability) { a.OutputMax, a.RichSchema = 8_192, false })},
	{"gemma-", can(func(a *canonical.Ability) {
		a.OutputMax, a.Schema, a.RichSchema, a.AudioInput = 8_192, false, false, false
	})},
	// "gemini-flash-latest" and what is not known yet: the newest take a budget too.
	{"", can(func(a *canonical.Ability) {
		a.Thinks, a.BudgetLeast, a.BudgetMost, a.SignedCalls, a.SchemaWithTools = canonical.ThinksBudget, 512, 24_576, true, true
	})},
}

// Studio is what a model can do on AI Studio: calls carry ids.
func Studio(model string) canonical.Ability {
	a := find(model)
	a.CallIDs = true
	return a
}

// Vertex is what a model can do on Vertex AI: ids of calls are refused, log
// probabilities are told.
func Vertex(model string) canonical.Ability {
	a := find(model)
	a.LogProbs = true
	return a
}

func find(model string) canonical.Ability {
	for i := range families {
		if strings.HasPrefix(model, families[i].prefix) {
			return families[i].can
		}
	}
	return canonical.Ability{}
}
