package openai

import "github.com/d-coder-ai/dcoder/shared/llm/canonical"

// abilities is what OpenAI's models can do, as far as translation depends on it.
// Sources: OpenAI's model pages (platform.openai.com/docs/models), its guides on
// reasoning, structured outputs and file inputs, and its API reference for chat
// completions; read in November 2026.
//
// Models that reason take no sampling parameters and no log probabilities, and
// know the bound of an answer as max_completion_tokens only.
var abilities = []struct {
	prefix string
	can    canonical.Ability
}{
	{"gpt-3.5-turbo", talks(canonical.Ability{JSONObject: true})},
	{"gpt-4", talks(canonical.Ability{})},
	{"gpt-4-1106", talks(canonical.Ability{JSONObject: true})},
	{"gpt-4-0125", talks(canonical.Ability{JSONObject: true})},
	{"gpt-4-turbo", talks(canonical.Ability{JSONObject: true, Vision: true})},
	{"gpt-4o", talks(sees)},
	{"gpt-4o-2024-05-13", talks(canonical.Ability{JSONObject: true, Vision: true})},
	{"gpt-4o-audio", talks(canonical.Ability{AudioInput: true})},
	{"gpt-4o-mini-audio", talks(canonical.Ability{AudioInput: true})},
	{"gpt-audio", talks(canonical.Ability{AudioInput: true})},
	{"gpt-4.1", talks(sees)},
	{"gpt-4.5", talks(sees)},
	{"chatgpt-4o", talks(canonical.Ability{Vision: true, Documents: true})},
	{"gpt-5-chat", talks(sees)},
	{"gpt-5.1-chat", talks(sees)},
	{"gpt-5.2-chat", talks(sees)},

	{"o1", reasons(sees, "low", "medium", "high")},
	{"o1-mini", reasons(canonical.Ability{})},
	{"o1-preview", reasons(canonical.Ability{})},
	{"o3", reasons(sees, "low", "medium", "high")},
	{"o3-mini", reasons(canonical.Ability{Schema: true, JSONObject: true, SchemaWithTools: true}, "low", "medium", "high")},
	{"o4", reasons(sees, "low", "medium", "high")},
	{"gpt-5", reasons(sees, "minimal", "low", "medium", "high")},
	{"gpt-5-pro", reasons(sees, "high")},
	{"gpt-5-codex", reasons(sees, "low", "medium", "high")},
	{"gpt-5.1", reasons(sees, "none", "low", "medium", "high")},
	{"gpt-5.1-codex", reasons(sees, "low", "medium", "high")},
	{"gpt-5.1-codex-max", reasons(sees, "low", "medium", "high", "xhigh")},
	{"gpt-5.2", reasons(sees, "none", "low", "medium", "high", "xhigh")},
	{"gpt-5.2-pro", reasons(sees, "medium", "high", "xhigh")},
	{"gpt-5.2-codex", reasons(sees, "low", "medium", "high", "xhigh")},
	{"gpt-5.3", reasons(sees, "none", "low", "medium", "high", "xhigh")},
	{"gpt-5.4", reasons(sees, "none", "low", "medium", "high", "xhigh")},
	{"gpt-6", reasons(sees, "low", "medium", "high")}, // of what comes, what all before it could
}

// stopMost is the most stop sequences of a call.
const stopMost = 4

// sees is what every model since gpt-4o can do.
var sees = canonical.Ability{Schema: true, JSONObject: true, SchemaWithTools: true, Vision: true, Documents: true}

// talks is a model that does not reason.
func talks(a canonical.Ability) canonical.Ability {
	a.Known, a.Tools, a.LogProbs, a.Many, a.StopMost = true, true, true, true, stopMost
	return a
}

// reasons is a model that does, and takes these efforts.
func reasons(a canonical.Ability, efforts ...string) canonical.Ability {
	a.Known, a.Tools, a.Many, a.StopMost = true, len(efforts) > 0, true, stopMost
	a.Thinks, a.Efforts, a.NoTemperature = canonical.ThinksEffort, efforts, true
	a.CannotTurnOff = len(efforts) == 0 || efforts[0] != "none"
	return a
}
