package groq

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// model is what is to be known of one.
type model struct {
	prefix string
	can    canonical.Ability
	// parses says that it writes its reasoning into the answer unless asked for
	// reasoning_format parsed.
	parses bool
	// switches says that its reasoning is on or off, by the efforts default and
	// none.
	switches bool
}

// models is what Groq's models can do, as far as translation depends on it.
// Sources: Groq's documents on reasoning, structured outputs, vision and the
// compatibility with OpenAI (console.groq.com/docs), read in November 2026. None
// of its models gives log probabilities, or more than one answer to a call, and
// structured output excludes tools.
var models = []model{
	{prefix: "", can: base},
	{prefix: "openai/gpt-oss", can: reasons(schema(base), "low", "medium", "high")},
	{prefix: "qwen/qwen3", can: reasons(base, "none", "default"), parses: true, switches: true},
	{prefix: "qwen-qwq", can: base, parses: true},
	{prefix: "deepseek-r1", can: base, parses: true},
	{prefix: "moonshotai/kimi-k2", can: schema(base)},
	{prefix: "meta-llama/llama-4-scout", can: sees(schema(base))},
	{prefix: "meta-llama/llama-4-maverick", can: sees(schema(base))},
}

// base is what all of them can.
var base = canonical.Ability{Known: true, Tools: true, JSONObject: true, StopMost: 4}

func schema(a canonical.Ability) canonical.Ability {
	a.Schema = true
	return a
}

func sees(a canonical.Ability) canonical.Ability {
	a.Vision = true
	return a
}

func reasons(a canonical.Ability, efforts ...string) canonical.Ability {
	a.Thinks, a.Efforts, a.CannotTurnOff = canonical.ThinksEffort, efforts, efforts[0] != "none"
	return a
}

// find returns the longest entry that a model's name begins with.
func find(name string) *model {
	best := &models[0]
	for i := range models {
		if m := &models[i]; len(m.prefix) > len(best.prefix) && strings.HasPrefix(name, m.prefix) {
			best = m
		}
	}
	return best
}
