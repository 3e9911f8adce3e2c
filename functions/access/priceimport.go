package access

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
	"github.com/d-coder-ai/dcoder/shared/price/genai"
	"github.com/d-coder-ai/dcoder/shared/price/litellm"
)

// mostTable is the largest file of prices, bytes; mostNamed how many names of
// what was not taken an answer holds.
const (
	mostTable = 16 << 20
	mostNamed = 2000
)

type importPrices struct {
	Format  string `query:"format" required:"true" enum:"litellm,genai-prices" doc:"model_prices_and_context_window.json of LiteLLM, or data-v2.json of genai-prices"`
	DryRun  bool   `query:"dryRun" doc:"only report"`
	Version string `query:"version" maxLength:"64" doc:"names the prices in usage rows; default the format and the day"`
	Body    json.RawMessage
}

// imported is what an import did.
type imported struct {
	DryRun   bool            `json:"dryRun"`
	Version  string          `json:"version"`
	Taken    []ownPrice      `json:"taken" nullable:"false" doc:"prices that were set, or would be"`
	Same     int             `json:"same" doc:"models of the tenant that cost what they cost already"`
	Unused   int             `json:"unused" doc:"prices of models that the tenant does not offer"`
	NotTaken []price.Untaken `json:"notTaken" nullable:"false" doc:"what was not understood, or is not for our providers"`
	More     int             `json:"more,omitempty" doc:"how many more were not taken than are named"`
}

type importAnswer struct{ Body imported }

// importPrices sets the prices of the models that the tenant offers, where they
// differ from what holds.
func (a *access) importPrices(ctx context.Context, in *importPrices) (*importAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	if in.Version == "" {
		in.Version = in.Format + "-" + now.Format(time.DateOnly)
	}
	if !priceVersion.MatchString(in.Version) {
		return nil, dcoder.Invalid("version", "version is at most 64 letters, digits and . _ : + -")
	}
	table, not, err := readTable(in, now)
	if err != nil {
		return nil, dcoder.Invalid("body", "the body is no price table of the format %s", in.Format)
	}
	out := imported{DryRun: in.DryRun, Version: in.Version, Taken: []ownPrice{}, NotTaken: append([]price.Untaken{}, not...)}
	if n := len(not); n > mostNamed {
		out.NotTaken, out.More = out.NotTaken[:mostNamed], n-mostNamed
	}
	prices, err := a.choose(ctx, t, table, &out)
	if err == nil && !in.DryRun && len(prices) > 0 {
		err = a.Prices.Put(ctx, t, prices)
	}
	return &importAnswer{out}, err
}

func readTable(in *importPrices, now time.Time) ([]price.Imported, []price.Untaken, error) {
	if in.Format == "litellm" {
		return litellm.Read(in.Body, in.Version)
	}
	return genai.Import(in.Body, in.Version, now)
}

// choose finds the price of each model that the tenant offers.
func (a *access) choose(ctx context.Context, tenant string, table []price.Imported, out *imported) (map[string]dcoder.Price, error) {
	own, err := a.Prices.All(ctx, tenant)
	if err != nil {
		return nil, err
	}
	offered, err := a.offered(ctx, tenant)
	if err != nil {
		return nil, err
	}
	used, prices := map[int]bool{}, map[string]dcoder.Price{}
	for _, o := range offered {
		at := slices.IndexFunc(table, func(i price.Imported) bool { return i.Takes(o.dialect, o.Model) })
		if at < 0 {
			continue
		}
		used[at] = true
		name := o.Provider + "/" + o.Model
		held, ok := own[name]
		if !ok {
			if p := price.Find(o.dialect, o.Model); p != nil {
				held = *p
			}
		}
		p := completed(table[at].Price, held)
		if held.Version = p.Version; reflect.DeepEqual(held, p) {
			out.Same++
			continue
		}
		prices[name] = p
		out.Taken = append(out.Taken, ownPriceOf(name, p))
	}
	out.Unused = len(table) - len(used)
	return prices, nil
}

// completed has from the price that holds what the table says nothing about:
// tiers, searches, and the longest answer.
func completed(to, held dcoder.Price) dcoder.Price {
	if to.Tiers == nil {
		to.Tiers = held.Tiers
	}
	if to.WebSearches == 0 {
		to.WebSearches = held.WebSearches
	}
	if to.OutputMax == 0 {
		to.OutputMax = held.OutputMax
	}
	return to
}

type offer struct {
	dialect string
	dcoder.Target
}

// offered are the models of the tenant's providers: those that it listed or the
// catalogue's, and what its aliases point at.
func (a *access) offered(ctx context.Context, tenant string) ([]offer, error) {
	providers, err := a.Providers.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	aliases, err := a.Aliases.List(ctx, tenant, "", 1000)
	if err != nil {
		return nil, err
	}
	var out []offer
	for _, p := range providers {
		models := slices.Clone(p.Models)
		if len(models) == 0 {
			models = slices.Clone(price.Models(p.Dialect))
		}
		for _, alias := range aliases {
			for _, t := range alias.Targets {
				if t.Provider == p.Name {
					models = append(models, t.Model)
				}
			}
		}
		slices.Sort(models)
		for _, m := range slices.Compact(models) {
			out = append(out, offer{p.Dialect, dcoder.Target{Provider: p.Name, Model: m}})
		}
	}
	return out, nil
}
