package litellm

import (
	"encoding/json"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// router takes aliases of aliases and fallbacks.
func (p *Plan) router(s settings) {
	if groups, ok := s["model_group_alias"].(map[string]any); ok {
		for _, name := range sortedKeys(groups) {
			p.groupAlias("router_settings.model_group_alias."+name, name, groups[name])
		}
	}
	p.weigh()
	p.fallbacks("router_settings.fallbacks", s["fallbacks"])
	for _, key := range sortedKeys(s, "model_group_alias", "fallbacks") {
		p.not("router_settings."+key, "routing is set on the aliases here")
	}
}

func (p *Plan) groupAlias(path, name string, value any) {
	to, ok := value.(string)
	if !ok {
		to = text(asMap(value), "model")
	}
	of := p.alias(to)
	switch {
	case of == nil:
		p.not(path, "points at %q, which is no model of the file that was taken", to)
	case !aliasID.MatchString(name) || p.alias(name) != nil:
		p.not(path, "%q is no alias, or one that is there already", name)
	default:
		for _, t := range append([]dcoder.Target{}, of.Targets...) {
			p.target(name, path, t)
		}
	}
}

// most is the largest weight of a target.
const most = 1000

// weigh brings the weights of each alias, which may be calls or tokens a minute,
// to our range.
func (p *Plan) weigh() {
	for i := range p.Aliases {
		targets := p.Aliases[i].Targets
		largest := 0
		for _, t := range targets {
			largest = max(largest, t.Weight)
		}
		for j := range targets {
			switch {
			case len(targets) == 1:
				targets[j].Weight = 0
			case largest == 0:
				targets[j].Weight = 1 // LiteLLM shares them evenly
			case largest > most:
				targets[j].Weight = max(targets[j].Weight*most/largest, min(targets[j].Weight, 1))
			}
		}
	}
}

// fallbacks puts the targets of other aliases behind an alias' own, without a
// weight: they are tried when the first fails, where the tenant allows failover.
func (p *Plan) fallbacks(path string, value any) {
	list, _ := value.([]any)
	for i, entry := range list {
		for _, name := range sortedKeys(asMap(entry)) {
			at := fmt.Sprintf("%s[%d].%s", path, i, name)
			a := p.alias(name)
			if a == nil {
				p.not(at, "is no model of the file that was taken")
				continue
			}
			if len(a.Targets) == 1 {
				a.Targets[0].Weight = 1 // the others have none and are only for failover
			}
			others, _ := asMap(entry)[name].([]any)
			for _, other := range others {
				p.fallback(at, name, other)
			}
			p.not(at, "is taken as order of targets only: calls fail over when the tenant's policy of failover says so")
		}
	}
}

func (p *Plan) fallback(path, name string, other any) {
	to, _ := other.(string)
	of := p.alias(to)
	if of == nil || to == name {
		p.not(path, "falls back on %q, which is no other model of the file that was taken", to)
		return
	}
	for _, t := range append([]dcoder.Target{}, of.Targets...) {
		t.Weight = 0
		p.target(name, path, t)
	}
}

// windows are LiteLLM's durations of budgets that are periods of ours.
var windows = map[string]dcoder.Window{"1d": dcoder.WindowDay, "24h": dcoder.WindowDay, "7d": dcoder.WindowWeek, "1w": dcoder.WindowWeek, "30d": dcoder.WindowMonth, "1mo": dcoder.WindowMonth}

// general takes fallbacks and the budget of the whole proxy.
func (p *Plan) general(s settings) {
	p.fallbacks("litellm_settings.fallbacks", s["fallbacks"])
	if budget, ok := s["max_budget"]; ok {
		window := windows[text(s, "budget_duration")]
		most, err := micros(budget)
		if err != nil || window == "" || most == 0 {
			p.not("litellm_settings.max_budget", "a budget is an amount above 0 for a day, a week or a month (budget_duration: 1d, 7d, 30d)")
		} else {
			p.Budget = &dcoder.Limit{Scope: dcoder.ScopeTenant, Metric: dcoder.MetricMoney, Window: window, Max: most, Action: dcoder.ActionDeny}
		}
	}
	if s["drop_params"] == true {
		p.not("litellm_settings.drop_params", "is a policy of the tenant here: params")
	}
	for _, key := range sortedKeys(s, "fallbacks", "max_budget", "budget_duration", "drop_params") {
		p.not("litellm_settings."+key, "has no counterpart here")
	}
}

// keys says why none of them is taken: a key of ours carries its tenant and its
// id, so that its limits are known before any look-up, and is compared by a hash
// under a secret pepper; a bare SHA-256 of a text without either fits nowhere.
func (p *Plan) keys(raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	var rows []map[string]any
	if err := json.Unmarshal(raw, &rows); err != nil {
		return fmt.Errorf("the keys are no JSON list of LiteLLM's table: %w", err)
	}
	for i, row := range rows {
		p.not(fmt.Sprintf("keys[%d]", i), "%s: a key of this platform names its tenant, which sk-... does not: make a new one by POST /v1/keys",
			first(text(row, "key_alias"), text(row, "key_name"), "a key"))
	}
	return nil
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
