package settings

import (
	"context"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// longest is for how long guardrails may be weakened at once.
const longest = 90 * 24 * time.Hour

type override struct {
	Body struct {
		Scope     string           `json:"scope" maxLength:"300" doc:"tenant, key:{id} or model:{name}"`
		Category  string           `json:"category,omitempty" enum:"secrets,pii,injection,tools" doc:"none: all"`
		Mode      dcoder.GuardMode `json:"mode,omitempty" enum:"alert,off" doc:"what holds instead; default alert"`
		Reason    string           `json:"reason" minLength:"8" maxLength:"500"`
		ExpiresAt time.Time        `json:"expiresAt" doc:"at most 90 days ahead"`
	}
}

type overrideAnswer struct {
	Status int
	Body   dcoder.GuardOverride
}

func (s *settings) override(ctx context.Context, in *override) (*overrideAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	b, now := &in.Body, time.Now().UTC().Truncate(time.Second)
	o := dcoder.GuardOverride{
		ID: dcoder.NewID(), Category: b.Category, Mode: b.Mode.Or(dcoder.GuardAlert), Reason: strings.TrimSpace(b.Reason),
		Actor: dcoder.PrincipalOf(ctx).Key, Created: now, Expires: b.ExpiresAt.UTC(),
	}
	if o.Scope, o.Subject, err = scopeOf(b.Scope); err != nil {
		return nil, err
	}
	if !o.Expires.After(now) || o.Expires.After(now.Add(longest)) {
		return nil, dcoder.Invalid("expiresAt", "an override ends after now, and within 90 days")
	}
	if len(o.Reason) < 8 {
		return nil, dcoder.Invalid("reason", "say why, in at least 8 characters")
	}
	return &overrideAnswer{201, o}, s.Guards.Override(ctx, t, o)
}

func scopeOf(s string) (scope dcoder.Scope, subject string, err error) {
	kind, subject, named := strings.Cut(s, ":")
	switch scope = dcoder.Scope(kind); {
	case scope == dcoder.ScopeTenant && !named:
		return scope, "", nil
	case (scope == dcoder.ScopeKey || scope == dcoder.ScopeModel) && subject != "":
		return scope, subject, nil
	}
	return "", "", dcoder.Invalid("scope", "a scope is tenant, key:{id} or model:{name}")
}

type overridePage struct {
	Body function.Page[dcoder.GuardOverride]
}

type overridePosition struct {
	After string `json:"a"`
}

func (s *settings) overrides(ctx context.Context, in *function.PageInput) (*overridePage, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	at, err := function.DecodeCursor[overridePosition](in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := s.Guards.Overrides(ctx, t, at.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		next = function.EncodeCursor(overridePosition{all[len(all)-1].ID})
	}
	return &overridePage{function.NewPage(all, next)}, nil
}

type overrideID struct {
	ID string `path:"id" maxLength:"64"`
}

type gone struct{ Status int }

func (s *settings) endOverride(ctx context.Context, in *overrideID) (*gone, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	return &gone{204}, s.Guards.EndOverride(ctx, t, in.ID)
}
