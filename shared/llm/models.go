package llm

import (
	"net/http"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// A client may put into "model": aliases, route names
// "llm.{provider}.{model}", "{provider}/{model}", and the provider's own id
// where it is unambiguous.

const routePrefix = "llm."

// Targets returns what a model name stands for in a tenant, before permission;
// empty when nobody offers it. An alias hides a model of the same name. Targets of
// an alias may be aliases.
func Targets(s *dcoder.Snapshot, name string) []dcoder.Target {
	if t, ok := s.Aliases[name]; ok {
		return t
	}
	if rest, ok := strings.CutPrefix(name, routePrefix); ok {
		return named(s, rest, ".")
	}
	if t := offering(s, name); len(t) > 0 {
		return t
	}
	return named(s, name, "/")
}

// leaves appends the models that an alias comes down to.
func leaves(s *dcoder.Snapshot, alias string, depth int, out []dcoder.Target) []dcoder.Target {
	for _, t := range s.Aliases[alias] {
		switch {
		case len(out) >= mostCandidate:
			return out
		case t.Alias == "":
			out = append(out, t)
		case depth < DeepestAlias:
			out = leaves(s, t.Alias, depth+1, out)
		}
	}
	return out
}

// named reads "{provider}{sep}{model}".
func named(s *dcoder.Snapshot, name, sep string) []dcoder.Target {
	provider, model, ok := strings.Cut(name, sep)
	if !ok {
		return nil
	}
	g, ok := s.Providers[provider]
	if !ok || !Offers(&g, model) {
		return nil
	}
	return []dcoder.Target{{Provider: provider, Model: model}}
}

// offering lists the providers that offer a model under its own name; in the
// order of their names, so that every process plans alike.
func offering(s *dcoder.Snapshot, model string) (out []dcoder.Target) {
	for name, g := range s.Providers {
		if Offers(&g, model) {
			out = append(out, dcoder.Target{Provider: name, Model: model})
		}
	}
	if len(out) > 1 {
		slices.SortFunc(out, func(a, b dcoder.Target) int { return strings.Compare(a.Provider, b.Provider) })
	}
	return out
}

// Offers reports whether a tenant has a model from a provider: the models that
// it listed, or those of the catalogue.
func Offers(g *dcoder.ProviderGrant, model string) bool {
	if len(g.Models) > 0 {
		return slices.Contains(g.Models, model)
	}
	return price.Find(g.Dialect, model) != nil
}

// PriceOf returns what a target costs: the tenant's own price, the catalogue's,
// or one that is Free because nothing is known.
func PriceOf(s *dcoder.Snapshot, t dcoder.Target, dialect string) *dcoder.Price {
	if len(s.Prices) > 0 {
		if p, ok := s.Prices[t.Provider+"/"+t.Model]; ok {
			return &p
		}
	}
	if p := price.Find(dialect, t.Model); p != nil {
		return p
	}
	return &unpriced
}

var unpriced = dcoder.Price{Version: "none"}

// mayUse reports whether the key may use t when it is asked for as name: any of
// its names is enough.
func mayUse(s *dcoder.Snapshot, name string, t dcoder.Target) bool {
	if len(s.Models) == 0 {
		return true
	}
	for _, pattern := range s.Models {
		if matches(pattern, name) || matches(pattern, t.Model) ||
			matches(pattern, t.Provider+"/"+t.Model) || matches(pattern, routeName(t)) {
			return true
		}
	}
	return false
}

func routeName(t dcoder.Target) string { return routePrefix + t.Provider + "." + t.Model }

// matches takes exact names and prefix patterns ending in *.
func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// Offer is one name that a key may use.
type Offer struct {
	Name  string
	Owner string // provider, or "alias"
	Of    []dcoder.Target
}

// Offered lists every name that a key may use, sorted: aliases, route names, and
// bare model names.
func Offered(s *dcoder.Snapshot, can func(dialect string) bool) []Offer {
	byName := map[string]Offer{}
	for _, p := range s.Providers {
		if !can(p.Dialect) {
			continue
		}
		models := p.Models
		if len(models) == 0 {
			models = price.Models(p.Dialect)
		}
		for _, m := range models {
			t := dcoder.Target{Provider: p.Name, Model: m}
			for _, name := range []string{m, routeName(t)} {
				if mayUse(s, name, t) {
					byName[name] = Offer{Name: name, Owner: p.Name, Of: []dcoder.Target{t}}
				}
			}
		}
	}
	for name := range s.Aliases {
		delete(byName, name)
		targets := leaves(s, name, 1, nil)
		if slices.ContainsFunc(targets, func(t dcoder.Target) bool { return mayUse(s, name, t) }) {
			byName[name] = Offer{Name: name, Owner: "alias", Of: targets}
		}
	}
	out := make([]Offer, 0, len(byName))
	for _, o := range byName {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Offer) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// listed is how many models an error names at most.
const listed = 40

// refuseModel is a 403 for a model that the tenant has and the key may not use,
// and a 404 for one that nobody has; both name what may be used.
func refuseModel(s *dcoder.Snapshot, name string, exists bool) error {
	e := &dcoder.Error{Status: http.StatusNotFound, Code: "model_not_found", Field: "model"}
	what := "there is no model " + quoted(name) + " here"
	if exists {
		e.Status, e.Code = http.StatusForbidden, "model_not_allowed"
		what = "this key may not use the model " + quoted(name)
	}
	var names []string
	for _, o := range Offered(s, func(string) bool { return true }) {
		if !strings.HasPrefix(o.Name, routePrefix) {
			names = append(names, o.Name)
		}
	}
	switch {
	case len(names) == 0:
		e.Message = what + "; no provider credential with models that this key may use is set"
	case len(names) > listed:
		e.Message = what + "; among what it may use: " + strings.Join(names[:listed], ", ") + " (GET /v1/models lists all)"
	default:
		e.Message = what + "; it may use: " + strings.Join(names, ", ")
	}
	e.Details = map[string]any{"models": names[:min(len(names), listed)]}
	return e
}

// Shorten bounds what a client sent before it is shown again.
func Shorten(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "..."
	}
	return s
}

func quoted(s string) string { return `"` + Shorten(s) + `"` }
