package chat

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// Clients ask for reasoning in four ways: OpenAI's reasoning_effort, and the
// reasoning object of OpenRouter, the thinking object of Anthropic and the
// include_reasoning of Groq, which clients of other gateways send. All mean the
// same; those that are not OpenAI's also stand in Extra.

func reasoning(r *canonical.Request) *canonical.Reasoning {
	if r.Reasoning == nil {
		r.Reasoning = &canonical.Reasoning{}
	}
	return r.Reasoning
}

func readEffort(r *canonical.Request, key string, v json.RawMessage) error {
	s, ok := text(v)
	if !ok || s == "" {
		return dcoder.Invalid(key, "%s must be a word such as low, medium or high", key)
	}
	r.Extra[key] = v
	setEffort(reasoning(r), s)
	return nil
}

func setEffort(to *canonical.Reasoning, word string) {
	to.Effort = word
	to.Off = word == "none"
}

// readReasoning reads {"effort", "max_tokens", "enabled", "exclude"}.
func readReasoning(r *canonical.Request, key string, v json.RawMessage) error {
	if kind(v) != '{' {
		return dcoder.Invalid(key, "%s must be an object", key)
	}
	r.Extra[key] = v
	to := reasoning(r)
	if s, ok := text(member(v, "effort")); ok && s != "" {
		setEffort(to, s)
	}
	if n, ok := whole(member(v, "max_tokens")); ok {
		to.Budget = &n
	}
	if on, ok := boolean(member(v, "enabled")); ok {
		to.Off, to.Adaptive = !on, on && to.Effort == "" && to.Budget == nil
	}
	if hide, ok := boolean(member(v, "exclude")); ok {
		show := !hide
		to.Include = &show
	}
	return nil
}

// readThinking reads {"type": "enabled"|"disabled"|"adaptive", "budget_tokens"}.
func readThinking(r *canonical.Request, key string, v json.RawMessage) error {
	if kind(v) != '{' {
		return dcoder.Invalid(key, "%s must be an object", key)
	}
	r.Extra[key] = v
	to := reasoning(r)
	switch way, _ := text(member(v, "type")); way {
	case "disabled":
		to.Off = true
	case "adaptive":
		to.Adaptive = true
	case "enabled":
		n, ok := whole(member(v, "budget_tokens"))
		if !ok {
			return dcoder.Invalid(key+".budget_tokens", "budget_tokens must be a whole number")
		}
		to.Budget = &n
	default:
		return dcoder.Invalid(key+".type", "type must be enabled, disabled or adaptive")
	}
	return nil
}

func readIncludeReasoning(r *canonical.Request, key string, v json.RawMessage) error {
	on, ok := boolean(v)
	if !ok {
		return dcoder.Invalid(key, "%s must be true or false", key)
	}
	r.Extra[key] = v
	reasoning(r).Include = &on
	return nil
}
