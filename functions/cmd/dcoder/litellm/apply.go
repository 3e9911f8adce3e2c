package litellm

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// API is the platform's HTTP API, asked with a key of the tenant's administrator.
// in is encoded as JSON (nil: no body), out decoded from it.
type API interface {
	Do(ctx context.Context, method, path string, in, out any) error
}

// Done is what an import did with one thing of the plan.
type Done struct{ What, State string }

// The states of what was planned.
const (
	Set    = "set"
	WouldB = "would be set"
	Stands = "stands already"
)

// Apply brings a plan to the tenant of the API's key: what stands already as
// planned is left alone, so doing it again changes nothing. env looks a variable
// up. dry only reports.
func (p *Plan) Apply(ctx context.Context, api API, env func(string) string, dry bool) (done []Done, err error) {
	i := importer{ctx, api, p, dry, map[string]bool{}, nil}
	for _, step := range []func(func(string) string) error{i.providers, i.aliases, i.budget} {
		if err := step(env); err != nil {
			return i.done, err
		}
	}
	return i.done, nil
}

type importer struct {
	ctx  context.Context //nolint:containedctx // of one import
	api  API
	plan *Plan
	dry  bool
	have map[string]bool // providers that are there
	done []Done
}

// put changes something, unless it stands or nothing is to be changed.
func (i *importer) put(what, path string, body any, stands bool) error {
	state := Set
	switch {
	case stands:
		state = Stands
	case i.dry:
		state = WouldB
	default:
		if err := i.api.Do(i.ctx, "PUT", path, body, nil); err != nil {
			return fmt.Errorf("set %s: %w", what, err)
		}
	}
	i.done = append(i.done, Done{what, state})
	return nil
}

func (i *importer) providers(env func(string) string) error {
	var page struct{ Items []dcoder.Provider }
	if err := i.api.Do(i.ctx, "GET", "/v1/providers", nil, &page); err != nil {
		return fmt.Errorf("list providers: %w", err)
	}
	for _, p := range i.plan.Providers {
		at := slices.IndexFunc(page.Items, func(o dcoder.Provider) bool { return o.Name == p.Name })
		stands := at >= 0 && page.Items[at].Dialect == p.Dialect && page.Items[at].BaseURL == p.BaseURL
		secret := p.Secret
		if p.Env != "" {
			secret = env(p.Env)
		}
		if secret == "" && !stands {
			i.plan.not(p.Path+".litellm_params.api_key", "needs the secret of %s: set %s in the environment and import again", p.Name, p.Env)
			continue
		}
		body := map[string]any{"dialect": p.Dialect, "baseUrl": p.BaseURL, "secret": secret}
		if at >= 0 {
			body["models"] = page.Items[at].Models
		}
		if err := i.put("provider "+p.Name, "/v1/providers/"+url.PathEscape(p.Name), body, stands); err != nil {
			return err
		}
		i.have[p.Name] = true
	}
	return nil
}

func (i *importer) aliases(func(string) string) error {
	held, err := i.heldAliases()
	if err != nil {
		return err
	}
	for _, a := range i.plan.Aliases {
		targets := slices.DeleteFunc(slices.Clone(a.Targets), func(t dcoder.Target) bool { return !i.have[t.Provider] })
		if len(targets) == 0 {
			i.plan.not(a.Path+".model_name", "the alias %s has no target whose credential is there", a.Name)
			continue
		}
		body := map[string]any{"targets": targets}
		if err := i.put("alias "+a.Name, "/v1/aliases/"+url.PathEscape(a.Name), body, slices.Equal(held[a.Name], targets)); err != nil {
			return err
		}
	}
	return nil
}

func (i *importer) heldAliases() (map[string][]dcoder.Target, error) {
	held := map[string][]dcoder.Target{}
	for cursor := ""; ; {
		var page struct {
			Items      []dcoder.Alias
			NextCursor string
		}
		if err := i.api.Do(i.ctx, "GET", "/v1/aliases?limit=1000&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return nil, fmt.Errorf("list aliases: %w", err)
		}
		for _, a := range page.Items {
			held[a.Alias] = a.Targets
		}
		if cursor = page.NextCursor; cursor == "" {
			return held, nil
		}
	}
}

// budget puts the file's budget among the tenant's limits.
func (i *importer) budget(func(string) string) error {
	if i.plan.Budget == nil {
		return nil
	}
	var page struct{ Items []map[string]any }
	if err := i.api.Do(i.ctx, "GET", "/v1/quotas", nil, &page); err != nil {
		return fmt.Errorf("list limits: %w", err)
	}
	to := *i.plan.Budget
	same := func(l map[string]any) bool {
		return l["scope"] == string(to.Scope) && l["metric"] == string(to.Metric) && l["window"] == string(to.Window) &&
			text(l, "subject") == "" && text(l, "model") == ""
	}
	at := slices.IndexFunc(page.Items, same)
	stands := at >= 0 && number(page.Items[at], "max") == to.Max && page.Items[at]["action"] == string(to.Action)
	limits := []any{to}
	for _, l := range page.Items {
		if !same(l) {
			limits = append(limits, l)
		}
	}
	return i.put(fmt.Sprintf("budget of %d micro-units a %s", to.Max, to.Window), "/v1/quotas", map[string]any{"limits": limits}, stands)
}
