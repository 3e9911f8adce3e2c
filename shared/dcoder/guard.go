package dcoder

import (
	"strings"
	"time"
)

// GuardMode is what happens to what a guardrail finds.
type GuardMode string

// The modes of a guardrail, from the mildest.
const (
	GuardOff   GuardMode = "off"
	GuardAlert GuardMode = "alert" // an event goes out, the call goes on: the default
	GuardMask  GuardMode = "mask"  // what was found is replaced, in the request and in the answer
	GuardBlock GuardMode = "block" // the call is refused, or its answer ends
)

// Or returns m, or fallback where m says nothing.
func (m GuardMode) Or(fallback GuardMode) GuardMode {
	if m == "" {
		return fallback
	}
	return m
}

// GuardPolicy is what a tenant, or a key of it, decided about guardrails. Fields
// that say nothing leave it to the wider policy; the widest is alert.
type GuardPolicy struct {
	Secrets   GuardMode   `json:"secrets,omitempty"`
	PII       GuardMode   `json:"pii,omitempty"`
	Injection GuardMode   `json:"injection,omitempty"`
	Tools     *ToolPolicy `json:"tools,omitempty"` // nil: any tool

	// Overrides let findings through for a while; those that hold for the
	// snapshot's key, whatever the model.
	Overrides []GuardOverride `json:"overrides,omitempty"`
}

// Over returns p where it says something, and wider elsewhere.
func (p GuardPolicy) Over(wider GuardPolicy) GuardPolicy {
	p.Secrets, p.PII, p.Injection = p.Secrets.Or(wider.Secrets), p.PII.Or(wider.PII), p.Injection.Or(wider.Injection)
	if p.Tools == nil {
		p.Tools = wider.Tools
	}
	return p
}

// ToolPolicy says which tools requests may declare and models may call, by exact
// names and by prefixes that end in *. What is denied is denied whatever is
// allowed; an empty Allow allows all else.
type ToolPolicy struct {
	Allow   []string  `json:"allow,omitempty"`
	Deny    []string  `json:"deny,omitempty"`
	Answers GuardMode `json:"answers,omitempty"` // "alert" (default), "block": calls of other tools in an answer
}

// Allows reports whether a tool of that name is allowed.
func (p *ToolPolicy) Allows(name string) bool {
	if p == nil {
		return true
	}
	return !matchesAny(p.Deny, name) && (len(p.Allow) == 0 || matchesAny(p.Allow, name))
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if prefix, ok := strings.CutSuffix(p, "*"); ok && strings.HasPrefix(name, prefix) || p == name {
			return true
		}
	}
	return false
}

// GuardOverride weakens guardrails for a while, with a reason that the audit log
// keeps.
type GuardOverride struct {
	ID       string    `json:"id"`
	Scope    Scope     `json:"scope"`              // "tenant", "key", "model"
	Subject  string    `json:"subject,omitempty"`  // key id, or model as clients write it
	Category string    `json:"category,omitempty"` // "secrets", "pii", "injection", "tools"; "": all
	Mode     GuardMode `json:"mode"`               // what holds instead: "alert", "off"
	Reason   string    `json:"reason"`
	Actor    string    `json:"actor,omitempty"` // the key that made it
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
}

// ScopeModel is the scope of an override that holds for calls of one model.
const ScopeModel Scope = "model"

// Holds reports whether an override holds for a call of a model at a time.
func (o *GuardOverride) Holds(category, model string, now time.Time) bool {
	return now.Before(o.Expires) && (o.Category == "" || o.Category == category) && (o.Scope != ScopeModel || o.Subject == model)
}

// GuardFinding is something that a guardrail found: what and where, and nothing
// of the text.
type GuardFinding struct {
	Category   string `json:"category"` // "secrets", "pii", "injection", "tools"
	Rule       string `json:"rule"`
	Field      string `json:"field,omitempty"`
	Confidence int    `json:"confidence"` // per cent
	Count      int    `json:"count"`
}

// GuardrailAlerted says that a call went on although, or masked because, a
// guardrail found something.
type GuardrailAlerted struct {
	Call     string         `json:"call"`
	Route    string         `json:"route"`
	Model    string         `json:"model"`
	On       string         `json:"on"` // "input", "output"
	Mode     GuardMode      `json:"mode"`
	Findings []GuardFinding `json:"findings"`
}

// EventType implements EventData.
func (GuardrailAlerted) EventType() string { return "guardrail.alerted" }

// GuardrailBlocked says that a call was refused, or its answer ended.
type GuardrailBlocked struct {
	Call     string         `json:"call"`
	Route    string         `json:"route"`
	Model    string         `json:"model"`
	On       string         `json:"on"`
	Findings []GuardFinding `json:"findings"`
}

// EventType implements EventData.
func (GuardrailBlocked) EventType() string { return "guardrail.blocked" }

// PolicyOverrideCreated says that somebody weakened a guardrail for a while.
type PolicyOverrideCreated struct {
	Override GuardOverride `json:"override"`
}

// EventType implements EventData.
func (PolicyOverrideCreated) EventType() string { return "policy.override.created" }
