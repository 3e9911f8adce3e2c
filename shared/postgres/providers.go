package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Providers keeps a tenant's credentials with providers of models. A secret goes
// in, is sealed for its tenant and provider, and leaves in snapshots only.
type Providers struct{ d *Databases }

// NewProviders returns the store on d.
func NewProviders(d *Databases) *Providers { return &Providers{d} }

func providerObject(name string) string { return "provider/" + name }

const providerColumns = `name, dialect, base_url, models, created, updated`

// Put writes a provider. An empty credential keeps the one that is there; 400
// naming "secret" when there is none.
func (p *Providers) Put(ctx context.Context, tenant string, in dcoder.Provider, credential string) (after dcoder.Provider, err error) {
	box, err := p.d.box(ctx, tenant)
	if err != nil {
		return after, err
	}
	sealed, err := box.Seal(providerObject(in.Name), []byte(credential))
	if err != nil {
		return after, err
	}
	err = p.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		before, err := lockProvider(ctx, tx, in.Name)
		if err != nil {
			return told{}, err
		}
		if before == nil && credential == "" {
			return told{}, dcoder.Invalid("secret", "a new provider needs the secret that it asks for")
		}
		rows, err := tx.Query(ctx, `
INSERT INTO providers AS p (name, dialect, base_url, secret, models) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET dialect = excluded.dialect, base_url = excluded.base_url, models = excluded.models,
    secret = CASE WHEN $6 THEN excluded.secret ELSE p.secret END, updated = now()
RETURNING `+providerColumns, in.Name, in.Dialect, in.BaseURL, sealed, orEmpty(in.Models), credential != "")
		if err != nil {
			return told{}, fmt.Errorf("write provider: %w", err)
		}
		if after, err = pgx.CollectExactlyOneRow(rows, scanProvider); err != nil {
			return told{}, fmt.Errorf("write provider: %w", err)
		}
		return told{Change{Action: "provider.set", Object: "provider", ID: in.Name, Before: before, After: after}, configChanged("provider", in.Name, "set")}, nil
	})
	return after, err
}

// Delete removes a provider with its secret.
func (p *Providers) Delete(ctx context.Context, tenant, name string) error {
	return p.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		before, err := lockProvider(ctx, tx, name)
		if err != nil {
			return told{}, err
		}
		if before == nil {
			return told{}, dcoder.NotFound("provider", name)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM providers WHERE name = $1`, name); err != nil {
			return told{}, fmt.Errorf("delete provider: %w", err)
		}
		return told{Change{Action: "provider.deleted", Object: "provider", ID: name, Before: before}, configChanged("provider", name, "deleted")}, nil
	})
}

// List returns all providers by name; a tenant has a handful.
func (p *Providers) List(ctx context.Context, tenant string) (all []dcoder.Provider, err error) {
	err = p.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+providerColumns+` FROM providers ORDER BY name`)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scanProvider)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	return all, nil
}

// Grant returns a provider with its secret opened, for a call to it.
func (p *Providers) Grant(ctx context.Context, tenant, name string) (dcoder.ProviderGrant, error) {
	var sealed sealedProvider
	err := p.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT name, dialect, base_url, encode(secret, 'hex'), models FROM providers WHERE name = $1`, name).
			Scan(&sealed.Name, &sealed.Dialect, &sealed.BaseURL, &sealed.Secret, &sealed.Models)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return dcoder.ProviderGrant{}, dcoder.NotFound("provider", name)
	}
	if err != nil {
		return dcoder.ProviderGrant{}, fmt.Errorf("read provider: %w", err)
	}
	box, err := p.d.box(ctx, tenant)
	if err != nil {
		return dcoder.ProviderGrant{}, err
	}
	return sealed.open(box)
}

func (s sealedProvider) open(box *secret.Box) (dcoder.ProviderGrant, error) {
	raw, err := hex.DecodeString(s.Secret)
	if err != nil {
		return dcoder.ProviderGrant{}, fmt.Errorf("read secret of provider %s: %w", s.Name, secret.ErrCannotOpen)
	}
	plain, err := box.Open(providerObject(s.Name), raw)
	if err != nil {
		return dcoder.ProviderGrant{}, err
	}
	return dcoder.ProviderGrant{Name: s.Name, Dialect: s.Dialect, BaseURL: s.BaseURL, Secret: string(plain), Models: s.Models}, nil
}

func lockProvider(ctx context.Context, tx pgx.Tx, name string) (*dcoder.Provider, error) {
	rows, err := tx.Query(ctx, `SELECT `+providerColumns+` FROM providers WHERE name = $1 FOR UPDATE`, name)
	if err != nil {
		return nil, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanProvider)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

func scanProvider(row pgx.CollectableRow) (p dcoder.Provider, err error) {
	err = row.Scan(&p.Name, &p.Dialect, &p.BaseURL, &p.Models, &p.Created, &p.Updated)
	p.Created, p.Updated = p.Created.UTC(), p.Updated.UTC()
	return p, err
}
