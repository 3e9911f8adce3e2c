package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Aliases keeps a tenant's own names of models.
type Aliases struct{ d *Databases }

// NewAliases returns the store on d.
func NewAliases(d *Databases) *Aliases { return &Aliases{d} }

const aliasColumns = `alias, targets, route, updated`

// Put points an alias at targets. 400 naming the target whose provider or alias
// the tenant has not, or that leads back to where it came from.
func (a *Aliases) Put(ctx context.Context, tenant string, in dcoder.Alias) (after dcoder.Alias, err error) {
	err = a.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		if err := checkTargets(ctx, tx, in); err != nil {
			return told{}, err
		}
		before, err := lockAlias(ctx, tx, in.Alias)
		if err != nil {
			return told{}, err
		}
		rows, err := tx.Query(ctx, `
INSERT INTO aliases (alias, targets, route) VALUES ($1, $2, $3)
ON CONFLICT (alias) DO UPDATE SET targets = excluded.targets, route = excluded.route, updated = now() RETURNING `+aliasColumns,
			in.Alias, in.Targets, in.Route)
		if err != nil {
			return told{}, fmt.Errorf("write alias: %w", err)
		}
		if after, err = pgx.CollectExactlyOneRow(rows, scanAlias); err != nil {
			return told{}, fmt.Errorf("write alias: %w", err)
		}
		t := told{Change: Change{Action: "alias.set", Object: "alias", ID: in.Alias, Before: before, After: after}, event: configChanged("alias", in.Alias, "set")}
		if before != nil {
			moved := dcoder.AliasRepointed{Alias: in.Alias, Targets: after.Targets, Strategy: after.Strategy, Before: before.Targets}
			t.event = several{t.event, moved}
		}
		return t, nil
	})
	return after, err
}

// Delete removes an alias.
func (a *Aliases) Delete(ctx context.Context, tenant, alias string) error {
	return a.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		before, err := lockAlias(ctx, tx, alias)
		if err != nil {
			return told{}, err
		}
		if before == nil {
			return told{}, dcoder.NotFound("alias", alias)
		}
		if err := checkUnused(ctx, tx, alias); err != nil {
			return told{}, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM aliases WHERE alias = $1`, alias); err != nil {
			return told{}, fmt.Errorf("delete alias: %w", err)
		}
		return told{Change: Change{Action: "alias.deleted", Object: "alias", ID: alias, Before: before}, event: configChanged("alias", alias, "deleted")}, nil
	})
}

// List returns aliases by name, after one.
func (a *Aliases) List(ctx context.Context, tenant, after string, limit int) (page []dcoder.Alias, err error) {
	err = a.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+aliasColumns+` FROM aliases WHERE alias > $1 ORDER BY alias LIMIT $2`, after, limit)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, scanAlias)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list aliases: %w", err)
	}
	return page, nil
}

func lockAlias(ctx context.Context, tx pgx.Tx, alias string) (*dcoder.Alias, error) {
	rows, err := tx.Query(ctx, `SELECT `+aliasColumns+` FROM aliases WHERE alias = $1 FOR UPDATE`, alias)
	if err != nil {
		return nil, err
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanAlias)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &a, err
}

func scanAlias(row pgx.CollectableRow) (a dcoder.Alias, err error) {
	err = row.Scan(&a.Alias, &a.Targets, &a.Route, &a.Updated)
	a.Updated = a.Updated.UTC()
	return a, err
}
