package settings

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

type policies struct {
	Body struct {
		Tenant dcoder.GuardPolicy            `json:"tenant"`
		Keys   map[string]dcoder.GuardPolicy `json:"keys,omitempty"`
	}
}

func (s *settings) guardrails(ctx context.Context, _ *struct{}) (*policies, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.Guards.Policies(ctx, t)
	if err != nil {
		return nil, err
	}
	out := &policies{}
	out.Body.Tenant = all[""]
	delete(all, "")
	out.Body.Keys = all
	return out, nil
}

type setMode struct {
	Body struct {
		Key       string           `json:"key,omitempty" maxLength:"64" doc:"id of a virtual key; none: the tenant"`
		Mode      dcoder.GuardMode `json:"mode,omitempty" enum:"off,alert,mask,block" doc:"for every category that is not named"`
		Secrets   dcoder.GuardMode `json:"secrets,omitempty" enum:"off,alert,mask,block"`
		PII       dcoder.GuardMode `json:"pii,omitempty" enum:"off,alert,mask,block"`
		Injection dcoder.GuardMode `json:"injection,omitempty" enum:"off,alert,mask,block"`
		Tools     *tools           `json:"tools,omitempty" doc:"which tools may be declared and called; an empty object: any"`
	}
}

type tools struct {
	Allow   []string         `json:"allow,omitempty" maxItems:"200" doc:"names, or prefixes that end in *; none: all that are not denied"`
	Deny    []string         `json:"deny,omitempty" maxItems:"200"`
	Answers dcoder.GuardMode `json:"answers,omitempty" enum:"alert,block" doc:"what happens when a model calls another one"`
}

type policyAnswer struct{ Body dcoder.GuardPolicy }

func (s *settings) setMode(ctx context.Context, in *setMode) (*policyAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	if b.Mode == "" && b.Secrets == "" && b.PII == "" && b.Injection == "" && b.Tools == nil {
		return nil, dcoder.Invalid("mode", "say a mode, or one for a category, or tools")
	}
	if err := checkTools(b.Tools); err != nil {
		return nil, err
	}
	p, err := s.Guards.SetPolicy(ctx, t, b.Key, func(p *dcoder.GuardPolicy) {
		p.Secrets, p.PII, p.Injection = b.Secrets.Or(b.Mode.Or(p.Secrets)), b.PII.Or(b.Mode.Or(p.PII)), b.Injection.Or(b.Mode.Or(p.Injection))
		if b.Tools != nil {
			p.Tools = &dcoder.ToolPolicy{Allow: b.Tools.Allow, Deny: b.Tools.Deny, Answers: b.Tools.Answers}
		}
		if p.Tools != nil && len(p.Tools.Allow)+len(p.Tools.Deny) == 0 && b.Key == "" {
			p.Tools = nil
		}
	})
	return &policyAnswer{p}, err
}

var toolPattern = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{0,128}\*?$`)

func checkTools(t *tools) error {
	if t == nil {
		return nil
	}
	for i, name := range slices.Concat(t.Allow, t.Deny) {
		if name == "" || !toolPattern.MatchString(name) {
			list := "allow"
			if i >= len(t.Allow) {
				list, i = "deny", i-len(t.Allow)
			}
			return dcoder.Invalid(fmt.Sprintf("tools.%s[%d]", list, i), "a tool is a name, or a prefix that ends in *")
		}
	}
	return nil
}
