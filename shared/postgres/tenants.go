package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Tenants keeps the catalogue's records of tenants. Making one is a workflow
// over package provision.
type Tenants struct{ d *Databases }

// NewTenants returns the store on d.
func NewTenants(d *Databases) *Tenants { return &Tenants{d} }

const tenantColumns = `id, name, platform, state, plan, timezone, currency, policies, created, updated`

// Get returns a tenant's record.
func (s *Tenants) Get(ctx context.Context, id string) (t dcoder.Tenant, err error) {
	err = s.d.ReadControl(ctx, func(tx pgx.Tx) error {
		t, err = oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1`, id)
		return err
	})
	return t, err
}

// List returns tenants in the order of their creation, after a position.
func (s *Tenants) List(ctx context.Context, after dcoder.Position, limit int) (page []dcoder.Tenant, err error) {
	err = s.d.ReadControl(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT `+tenantColumns+` FROM tenants WHERE (created, id) > ($1, $2) ORDER BY created, id LIMIT $3`, after.At, after.ID, limit)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, scanTenant)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	return page, nil
}

// Update changes name and policies; edit gets the record as it is.
func (s *Tenants) Update(ctx context.Context, id string, edit func(*dcoder.Tenant) error) (dcoder.Tenant, error) {
	return s.change(ctx, id, "tenant.updated", configChanged("tenant", id, "set"), edit)
}

// Suspend refuses every credential of a tenant from now on. Doing it again
// changes nothing; 409 for a tenant that is not ready.
func (s *Tenants) Suspend(ctx context.Context, id, reason string) (dcoder.Tenant, error) {
	return s.change(ctx, id, "tenant.suspended", dcoder.TenantSuspended{Tenant: id, Reason: reason}, moveTo(dcoder.StateSuspended))
}

// Resume lets a suspended tenant in again.
func (s *Tenants) Resume(ctx context.Context, id string) (dcoder.Tenant, error) {
	return s.change(ctx, id, "tenant.resumed", configChanged("tenant", id, "set"), moveTo(dcoder.StateActive))
}

func moveTo(state dcoder.TenantState) func(*dcoder.Tenant) error {
	return func(t *dcoder.Tenant) error {
		if t.State != dcoder.StateActive && t.State != dcoder.StateSuspended {
			return dcoder.Conflict("tenant_not_ready", "the tenant is not ready: its state is %q", t.State)
		}
		t.State = state
		return nil
	}
}

// Remember stores the request's idempotency record when the change itself is
// made elsewhere, as a workflow makes a tenant.
func (s *Tenants) Remember(ctx context.Context) error {
	return s.d.InControl(ctx, func(pgx.Tx) error { return nil })
}

func (s *Tenants) change(ctx context.Context, id, action string, event dcoder.EventData, edit func(*dcoder.Tenant) error) (after dcoder.Tenant, err error) {
	if !dcoder.ValidTenantID(id) {
		return after, dcoder.NotFound("tenant", id)
	}
	err = s.d.change(ctx, dcoder.PlatformTenant, reach{tenant: id}, func(tx pgx.Tx) (told, error) {
		before, err := oneTenant(ctx, tx, `SELECT `+tenantColumns+` FROM tenants WHERE id = $1 FOR UPDATE`, id)
		if err != nil {
			return told{}, err
		}
		after = before
		if err := edit(&after); err != nil {
			return told{}, err
		}
		if (action == "tenant.suspended" || action == "tenant.resumed") && after.State == before.State {
			return told{}, nil
		}
		after, err = oneTenant(ctx, tx, `
UPDATE tenants SET name = $2, state = $3, policies = $4, updated = now() WHERE id = $1 RETURNING `+tenantColumns,
			id, after.Name, after.State, after.Policies)
		if err != nil {
			return told{}, err
		}
		return told{Change{Action: action, Object: "tenant", ID: id, Before: before, After: after}, event}, nil
	})
	s.d.forget(id)
	return after, err
}

func oneTenant(ctx context.Context, tx pgx.Tx, query string, args ...any) (dcoder.Tenant, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return dcoder.Tenant{}, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTenant)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, dcoder.NotFound("tenant", fmt.Sprint(args[0]))
	}
	return t, err
}

func scanTenant(row pgx.CollectableRow) (t dcoder.Tenant, err error) {
	err = row.Scan(&t.ID, &t.Name, &t.Platform, &t.State, &t.Plan, &t.TimeZone, &t.Currency, &t.Policies, &t.Created, &t.Updated)
	t.Created, t.Updated = t.Created.UTC(), t.Updated.UTC()
	return t, err
}
