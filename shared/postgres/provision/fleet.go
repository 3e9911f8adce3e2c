package provision

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
)

// MigrateAll brings every tenant's database to the newest version, several at a
// time, and returns how many it brought there. One that fails does not stop the
// others; what is done is noted in the catalogue, so a killed run is resumed by
// running it again, and several may run at once.
func (p *Provisioner) MigrateAll(ctx context.Context) (done int, err error) {
	if err := p.prepareTemplates(ctx); err != nil {
		return 0, err
	}
	behind, err := p.behind(ctx)
	if err != nil {
		return 0, err
	}
	var mu sync.Mutex
	var failures []error
	var group errgroup.Group
	group.SetLimit(p.Parallel)
	for _, tenant := range behind {
		group.Go(func() error {
			err := p.MigrateDatabase(ctx, tenant)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, fmt.Errorf("tenant %s: %w", tenant, err))
			} else {
				done++
			}
			return nil
		})
	}
	_ = group.Wait() // failures are collected
	return done, errors.Join(failures...)
}

// prepareTemplates makes the newest template of every cluster, so that the first
// tenant created after an upgrade does not wait for it.
func (p *Provisioner) prepareTemplates(ctx context.Context) error {
	var addresses []string
	err := p.Databases.ReadControl(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT DISTINCT address FROM clusters`)
		if err != nil {
			return err
		}
		addresses, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return fmt.Errorf("list clusters: %w", err)
	}
	for _, address := range addresses {
		if _, err := p.template(ctx, address); err != nil {
			return err
		}
	}
	return nil
}

// behind lists tenants whose database is not at the newest version, oldest
// tenant first.
func (p *Provisioner) behind(ctx context.Context) (tenants []string, err error) {
	err = p.Databases.ReadControl(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT id FROM tenants WHERE schema_version < $1 AND state IN ('active', 'suspended') ORDER BY created, id`,
			migrations.Latest(migrations.Tenant()))
		if err != nil {
			return err
		}
		tenants, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tenants that are behind: %w", err)
	}
	return tenants, nil
}
