package dcoder

import "strings"

// CacheRules is what a tenant, or a key of it, decided about cached answers.
// Fields that say nothing leave it to the wider policy, and at last to the
// defaults: on, an hour, an explicit temperature of at most 0.3, no tool calls.
type CacheRules struct {
	Mode           CacheMode        `json:"mode,omitempty"`
	TTLSeconds     int64            `json:"ttlSeconds,omitempty"`     // of an answer
	ModelTTL       map[string]int64 `json:"modelTtl,omitempty"`       // of models, by name or by a prefix that ends in *
	MaxTemperature *float64         `json:"maxTemperature,omitempty"` // an explicit one above it is not cached
	ToolCalls      *bool            `json:"toolCalls,omitempty"`      // answers that call tools are cached as well
}

// Rules returns what the policy says of exact answers. One that says nothing at
// all stands for the defaults.
func (p CachePolicy) Rules() CacheRules {
	if p == (CachePolicy{}) {
		return CacheRules{}
	}
	r := CacheRules{Mode: CacheOff, TTLSeconds: p.TTLSeconds}
	if p.Exact {
		r.Mode = CacheOn
	}
	return r
}

// CacheMode switches cached answers on or off.
type CacheMode string

// The modes of the cache.
const (
	CacheOn  CacheMode = "on"
	CacheOff CacheMode = "off"
)

// Defaults of CacheRules.
const (
	CacheTTLSeconds     = 3600
	CacheMaxTemperature = 0.3
	CacheMostTTLSeconds = 7 * 24 * 3600 // nothing is kept for longer
)

// Over returns p where it says something, and wider elsewhere.
func (p CacheRules) Over(wider CacheRules) CacheRules {
	if p.Mode == "" {
		p.Mode = wider.Mode
	}
	if p.TTLSeconds == 0 {
		p.TTLSeconds = wider.TTLSeconds
	}
	if p.ModelTTL == nil {
		p.ModelTTL = wider.ModelTTL
	}
	if p.MaxTemperature == nil {
		p.MaxTemperature = wider.MaxTemperature
	}
	if p.ToolCalls == nil {
		p.ToolCalls = wider.ToolCalls
	}
	return p
}

// TTL is for how many seconds answers of a model are good: what its name says,
// else what its longest prefix says, else what holds for all.
func (p *CacheRules) TTL(model string) int64 {
	longest, ttl := -1, p.TTLSeconds
	for pattern, seconds := range p.ModelTTL {
		if pattern == model {
			return seconds
		}
		prefix, ok := strings.CutSuffix(pattern, "*")
		if ok && len(prefix) > longest && strings.HasPrefix(model, prefix) {
			longest, ttl = len(prefix), seconds
		}
	}
	if ttl == 0 {
		ttl = CacheTTLSeconds
	}
	return min(ttl, CacheMostTTLSeconds)
}

// Takes reports whether calls of an explicit temperature are cached.
func (p *CacheRules) Takes(temperature float64) bool {
	if p.MaxTemperature != nil {
		return temperature <= *p.MaxTemperature
	}
	return temperature <= CacheMaxTemperature
}

// Calls reports whether answers that call tools are cached.
func (p *CacheRules) Calls() bool { return p.ToolCalls != nil && *p.ToolCalls }

// CacheVoid says which cached answers of a tenant are not to be given any more.
// Each field adds to what is chosen; All chooses everything.
type CacheVoid struct {
	All        bool
	Namespaces []string // "provider" or "provider:model"
	Models     []string // as served, or as asked for
	Tags       []string // that calls were sent with
	Sources    []string // that answers were made from
}

// Labels returns what the chosen answers carry.
func (v *CacheVoid) Labels() []string {
	var out []string
	if v.All {
		out = append(out, "*")
	}
	for prefix, names := range map[string][]string{"n:": v.Namespaces, "m:": v.Models, "t:": v.Tags, "s:": v.Sources} {
		for _, name := range names {
			out = append(out, prefix+name)
		}
	}
	return out
}
