package access

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// Prices keeps a tenant's own prices by "provider/model".
type Prices interface {
	All(ctx context.Context, tenant string) (map[string]dcoder.Price, error)
	Put(ctx context.Context, tenant string, prices map[string]dcoder.Price) error
	Delete(ctx context.Context, tenant, name string) error
}

type priceName struct {
	Provider string `path:"provider" maxLength:"64" doc:"name of one of the tenant's providers"`
	Model    string `path:"model" maxLength:"200" doc:"the provider's own model id; it may hold slashes"`
}

func (n priceName) key() string { return n.Provider + "/" + n.Model }

// ownPrice is a price with what it is for.
type ownPrice struct {
	Provider string       `json:"provider"`
	Model    string       `json:"model"`
	Price    dcoder.Price `json:"price" doc:"micro-units of the tenant's currency for a million tokens"`
}

func ownPriceOf(name string, p dcoder.Price) ownPrice {
	provider, model, _ := strings.Cut(name, "/")
	return ownPrice{provider, model, p}
}

type pricePage struct{ Body function.Page[ownPrice] }

type pricePosition struct {
	After string `json:"a"`
}

func (a *access) listPrices(ctx context.Context, in *function.PageInput) (*pricePage, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	at, err := function.DecodeCursor[pricePosition](in.Cursor)
	if err != nil {
		return nil, err
	}
	own, err := a.Prices.All(ctx, t)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(own))
	for name := range own {
		if name > at.After {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	next := ""
	if len(names) > in.Limit {
		names = names[:in.Limit]
		next = function.EncodeCursor(pricePosition{names[len(names)-1]})
	}
	items := make([]ownPrice, len(names))
	for i, name := range names {
		items[i] = ownPriceOf(name, own[name])
	}
	return &pricePage{function.NewPage(items, next)}, nil
}

type priceAnswer struct{ Body ownPrice }

func (a *access) getPrice(ctx context.Context, in *priceName) (*priceAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	own, err := a.Prices.All(ctx, t)
	if err != nil {
		return nil, err
	}
	p, ok := own[in.key()]
	if !ok {
		return nil, dcoder.NotFound("price", in.key())
	}
	return &priceAnswer{ownPriceOf(in.key(), p)}, nil
}

type putPrice struct {
	Provider string `path:"provider" maxLength:"64"`
	Model    string `path:"model" maxLength:"200"`
	Body     dcoder.Price
}

func (in *putPrice) key() string { return priceName{in.Provider, in.Model}.key() }

func (a *access) putPrice(ctx context.Context, in *putPrice) (*priceAnswer, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.checkPrice(ctx, t, in); err != nil {
		return nil, err
	}
	err = a.Prices.Put(ctx, t, map[string]dcoder.Price{in.key(): in.Body})
	return &priceAnswer{ownPriceOf(in.key(), in.Body)}, err
}

var priceVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}$`)

func (a *access) checkPrice(ctx context.Context, tenant string, in *putPrice) error {
	if err := checkModels("model", []string{in.Model}); err != nil || strings.HasSuffix(in.Model, "*") {
		return dcoder.Invalid("model", "a price is of one model of the provider's")
	}
	if field := price.Absurd(&in.Body); field != "" {
		return dcoder.Invalid(field, "%s is not below 0, and no price that nobody can mean", field)
	}
	if !priceVersion.MatchString(in.Body.Version) {
		return dcoder.Invalid("version", "version names the price in usage rows: at most 64 letters, digits and . _ : + -")
	}
	all, err := a.Providers.List(ctx, tenant)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(p dcoder.Provider) bool { return p.Name == in.Provider }) {
		return dcoder.Invalid("provider", "the tenant has no such provider: set it first")
	}
	return nil
}

func (a *access) deletePrice(ctx context.Context, in *priceName) (*gone, error) {
	t, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	return noContent, a.Prices.Delete(ctx, t, in.key())
}
