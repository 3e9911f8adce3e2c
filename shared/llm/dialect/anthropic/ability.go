package anthropic

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// family is what models whose names begin alike can do.
type family struct {
	prefix string
	can    canonical.Ability
}

// every Claude from 3 on.
var claude = canonical.Ability{
	Known: true, Prefill: true, Vision: true, Documents: true, Tools: true,
}

func can(output int64, change func(*canonical.Ability)) canonical.Ability {
	a := claude
	a.OutputMax = output
	if change != nil {
		change(&a)
	}
	return a
}

// budgeted reasons with a number of tokens, when asked.
func budgeted(a *canonical.Ability) { a.Thinks = canonical.ThinksBudget }

// formed gives answers of a schema, and takes one of temperature and top_p.
func formed(a *canonical.Ability) {
	budgeted(a)
	a.Schema, a.SchemaWithTools, a.OneSampling = true, true, true
}

// adaptive decides by itself how much it reasons, when asked, and refuses to go
// on with an assistant's message.
func adaptive(a *canonical.Ability) {
	formed(a)
	a.Thinks, a.Prefill = canonical.ThinksAdaptive, false
	a.Efforts = []string{"low", "medium", "high", "max"}
}

// unsampled takes neither temperature nor top_p nor top_k.
func unsampled(a *canonical.Ability) {
	adaptive(a)
	a.NoTemperature, a.OneSampling = true, false
	a.Efforts = []string{"low", "medium", "high", "xhigh", "max"}
}

// unasked reasons unless it is switched off.
func unasked(a *canonical.Ability) {
	unsampled(a)
	a.ThinksUnasked = true
}

// always reasons, and cannot be forced to use a tool.
func always(a *canonical.Ability) {
	unasked(a)
	a.CannotTurnOff, a.NoForcedTools = true, true
}

// families are looked through in order: the longer name first. Sources:
// platform.claude.com/docs, "Models overview", "Adaptive thinking", "Extended
// thinking", "Effort", "Structured outputs" and the migration guides of each
// model, as of 2026-11. Where a guide gives no bound of the output, the lower of
// its neighbours' stands here.
var families = []family{
	{"claude-opus-5-5", can(128_000, always)},
	{"claude-sonnet-5-5", can(64_000, always)},
	{"claude-haiku-5-5", can(64_000, always)},
	{"claude-fable-", can(128_000, always)},
	{"claude-mythos-", can(128_000, always)},
	{"claude-opus-5", can(128_000, unasked)},
	{"claude-sonnet-5", can(64_000, unasked)},
	{"claude-opus-4-8", can(128_000, unsampled)},
	{"claude-opus-4-7", can(128_000, unsampled)},
	{"claude-opus-4-6", can(128_000, adaptive)},
	{"claude-sonnet-4-6", can(64_000, adaptive)},
	{"claude-opus-4-5", can(64_000, formed)},
	{"claude-sonnet-4-5", can(64_000, formed)},
	{"claude-haiku-4-5", can(64_000, formed)},
	{"claude-opus-4-1", can(32_000, formed)},
	{"claude-opus-4", can(32_000, budgeted)},
	{"claude-sonnet-4", can(64_000, budgeted)},
	{"claude-3-7-sonnet", can(64_000, budgeted)},
	{"claude-3-5", can(8_192, nil)},
	{"claude-3", can(4_096, nil)},
	{"claude-", can(64_000, always)}, // what comes next will be like what came last
}

// Ability is what a model can do; nothing is known of what is no Claude.
func Ability(model string) canonical.Ability {
	for i := range families {
		if strings.HasPrefix(model, families[i].prefix) {
			return families[i].can
		}
	}
	return canonical.Ability{}
}
