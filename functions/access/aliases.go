package access

import (
	"context"
	"fmt"
	"regexp"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

type aliasName struct {
	Alias string `path:"alias" maxLength:"128"`
}

type aliasPage struct{ Body function.Page[dcoder.Alias] }

type aliasPosition struct {
	After string `json:"a"`
}

func (a *access) listAliases(ctx context.Context, in *function.PageInput) (*aliasPage, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	at, err := function.DecodeCursor[aliasPosition](in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := a.Aliases.List(ctx, t, at.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		next = function.EncodeCursor(aliasPosition{all[len(all)-1].Alias})
	}
	return &aliasPage{function.NewPage(all, next)}, nil
}

type putAlias struct {
	Alias string `path:"alias" maxLength:"128"`
	Body  struct {
		Targets  []target        `json:"targets" minItems:"1" maxItems:"20" doc:"models, or other aliases"`
		Strategy dcoder.Strategy `json:"strategy,omitempty" enum:"weighted,cheapest,fastest,ordered" doc:"which of them a call goes to; weighted is the default, and without weights the first is it. The others of an ordered one are for failover"`
		Timeouts timeouts        `json:"timeouts,omitempty" doc:"before those of the tenant"`
	}
}

type timeouts struct {
	FirstTokenMS int64 `json:"firstTokenMs,omitempty" minimum:"0" maximum:"3600000"`
	IdleMS       int64 `json:"idleMs,omitempty" minimum:"0" maximum:"3600000"`
	TotalMS      int64 `json:"totalMs,omitempty" minimum:"0" maximum:"3600000"`
}

type target struct {
	Provider string `json:"provider,omitempty" maxLength:"64" doc:"name of one of the tenant's providers"`
	Model    string `json:"model,omitempty" maxLength:"200" doc:"the provider's own model id"`
	Alias    string `json:"alias,omitempty" maxLength:"128" doc:"another alias, in place of provider and model"`
	Weight   int    `json:"weight,omitempty" minimum:"0" maximum:"1000"`
}

type aliasAnswer struct{ Body dcoder.Alias }

var aliasID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$`)

func (a *access) putAlias(ctx context.Context, in *putAlias) (*aliasAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	if !aliasID.MatchString(in.Alias) {
		return nil, dcoder.Invalid("alias", "an alias is at most 128 letters, digits and . _ : @ -")
	}
	alias := dcoder.Alias{Alias: in.Alias, Route: dcoder.Route{Strategy: in.Body.Strategy, Timeouts: dcoder.Timeouts(in.Body.Timeouts)}}
	for i, to := range in.Body.Targets {
		if err := to.check(fmt.Sprintf("targets[%d]", i)); err != nil {
			return nil, err
		}
		alias.Targets = append(alias.Targets, dcoder.Target{Provider: to.Provider, Model: to.Model, Weight: to.Weight, Alias: to.Alias})
	}
	set, err := a.Aliases.Put(ctx, t, alias)
	return &aliasAnswer{set}, err
}

// check wants one model of a provider, or one alias.
func (t *target) check(field string) error {
	if t.Alias != "" {
		if t.Provider != "" || t.Model != "" || !aliasID.MatchString(t.Alias) {
			return dcoder.Invalid(field+".alias", "a target is a provider's model, or an alias alone")
		}
		return nil
	}
	if t.Provider == "" {
		return dcoder.Invalid(field+".provider", "a target names a provider and its model, or an alias")
	}
	if t.Model == "" || t.Model[len(t.Model)-1] == '*' || checkModels(field, []string{t.Model}) != nil {
		return dcoder.Invalid(field+".model", "a target is one model of the provider's")
	}
	return nil
}

func (a *access) deleteAlias(ctx context.Context, in *aliasName) (*gone, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	return noContent, a.Aliases.Delete(ctx, t, in.Alias)
}
