package postgres

import (
	"context"
	"maps"
	"reflect"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Prices keeps a tenant's own prices by "provider/model". They stand among its
// policies, so that its snapshots have them.
type Prices struct{ d *Databases }

// NewPrices returns the store on d.
func NewPrices(d *Databases) *Prices { return &Prices{d} }

// mostPrices of a tenant: each of its snapshots carries all of them.
const mostPrices = 500

// All returns the tenant's own prices.
func (p *Prices) All(ctx context.Context, tenant string) (map[string]dcoder.Price, error) {
	t, err := NewTenants(p.d).Get(ctx, tenant)
	return t.Policies.Prices, err
}

// Put sets prices; those that stand already as they are change nothing. 409 when
// there would be too many.
func (p *Prices) Put(ctx context.Context, tenant string, prices map[string]dcoder.Price) error {
	return p.change(ctx, tenant, "price.set", func(own map[string]dcoder.Price) (Change, error) {
		c := Change{}
		before, after := map[string]dcoder.Price{}, map[string]dcoder.Price{}
		for name, to := range prices {
			from, was := own[name]
			if was && reflect.DeepEqual(from, to) {
				continue
			}
			if was {
				before[name] = from
			}
			own[name], after[name], c.ID = to, to, name
		}
		if len(own) > mostPrices {
			return c, dcoder.Conflict("too_many_prices", "a tenant has at most %d prices of its own", mostPrices)
		}
		if len(after) > 1 {
			c.ID = "" // many at once are one change
		}
		c.Before, c.After = before, after
		if len(after) == 0 {
			return Change{}, nil
		}
		return c, nil
	})
}

// Delete removes a price: the catalogue's holds again.
func (p *Prices) Delete(ctx context.Context, tenant, name string) error {
	return p.change(ctx, tenant, "price.deleted", func(own map[string]dcoder.Price) (Change, error) {
		before, ok := own[name]
		if !ok {
			return Change{}, dcoder.NotFound("price", name)
		}
		delete(own, name)
		return Change{ID: name, Before: map[string]dcoder.Price{name: before}}, nil
	})
}

// change edits a copy of the prices. A Change without anything before or after
// changes nothing.
func (p *Prices) change(ctx context.Context, tenant, action string, edit func(map[string]dcoder.Price) (Change, error)) error {
	if !dcoder.ValidTenantID(tenant) {
		return dcoder.NotFound("tenant", tenant)
	}
	defer p.d.forget(tenant)
	return p.d.change(ctx, dcoder.PlatformTenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		t, err := oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1 FOR UPDATE`, tenant)
		if err != nil {
			return told{}, err
		}
		own := maps.Clone(t.Policies.Prices)
		if own == nil {
			own = map[string]dcoder.Price{}
		}
		c, err := edit(own)
		if err != nil || c.Before == nil && c.After == nil {
			return told{}, err
		}
		t.Policies.Prices = own
		if _, err := tx.Exec(ctx, `UPDATE tenants SET policies = $2, updated = now() WHERE id = $1`, tenant, t.Policies); err != nil {
			return told{}, err
		}
		c.Action, c.Object = action, "price"
		c.ID = tenant + "/" + c.ID // the log is the platform's, of all tenants
		return told{Change: c, event: configChanged("price", c.ID, "set")}, nil
	})
}
