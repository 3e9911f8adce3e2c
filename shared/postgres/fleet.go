package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const fleetPage = 500

// EachTenant calls visit for every tenant that is ready, in the order of their
// ids, a page of the catalogue at a time. An error of visit ends the walk.
func (d *Databases) EachTenant(ctx context.Context, visit func(tenant string) error) error {
	for after := ""; ; {
		page, err := d.tenantsAfter(ctx, after)
		if err != nil {
			return err
		}
		for _, tenant := range page {
			if err := visit(tenant); err != nil {
				return err
			}
			after = tenant
		}
		if len(page) < fleetPage {
			return nil
		}
	}
}

func (d *Databases) tenantsAfter(ctx context.Context, after string) (page []string, err error) {
	err = d.ReadControl(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM tenants WHERE id > $1 AND state IN ('active', 'suspended') ORDER BY id LIMIT $2`, after, fleetPage)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	return page, nil
}

// Sweep publishes what a killed process left in outboxes, and forgets expired
// idempotency records and answers: the platform's first, then tenant after
// tenant with a pause between them, so that ten thousand tenants cost one
// connection. A tenant that fails is logged and does not stop the walk.
func (d *Databases) Sweep(ctx context.Context, pause time.Duration) error {
	d.sweepOne(ctx, dcoder.PlatformTenant)
	return d.EachTenant(ctx, func(tenant string) error {
		d.sweepOne(ctx, tenant)
		select {
		case <-time.After(pause):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func (d *Databases) sweepOne(ctx context.Context, tenant string) {
	_, err := d.FlushOutbox(ctx, tenant)
	err = errors.Join(err, d.ForgetReplays(ctx, tenant), d.ForgetResponses(ctx, tenant)) // what has expired goes in any case
	if err != nil {
		d.options.Log.WarnContext(ctx, "sweep of a tenant failed", "tenant", tenant, "error", err)
	}
}
