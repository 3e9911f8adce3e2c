package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// ReserveTenant writes the tenant into the catalogue: where it will live, under
// what role and sealed password, in state provisioning. A tenant that is there
// already keeps what it has; one whose making failed goes on. Errors: 503 when
// every cluster is full.
func (p *Provisioner) ReserveTenant(ctx context.Context, in dcoder.Onboarding) error {
	if !dcoder.ValidTenantID(in.Tenant) {
		return dcoder.Invalid("tenant", "%q is not a tenant id", in.Tenant)
	}
	return p.Databases.InControl(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE tenants SET state = 'provisioning', failure = '', updated = now() WHERE id = $1 AND state = 'failed'`, in.Tenant)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		var known bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM tenants WHERE id = $1)`, in.Tenant).Scan(&known); err != nil || known {
			return err
		}
		return p.reserve(ctx, tx, in)
	})
}

func (p *Provisioner) reserve(ctx context.Context, tx pgx.Tx, in dcoder.Onboarding) error {
	cluster, err := roomiest(ctx, tx)
	if err != nil {
		return err
	}
	sealed, err := p.sealedPassword(ctx, tx, in.Tenant)
	if err != nil {
		return err
	}
	t := newTenant(in)
	tag, err := tx.Exec(ctx, `
INSERT INTO tenants (id, name, platform, state, plan, timezone, currency, policies, cluster, database, role, password)
VALUES ($1, $2, $3, 'provisioning', $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`,
		t.ID, t.Name, t.Platform, t.Plan, t.TimeZone, t.Currency, t.Policies, cluster, DatabaseName(t.ID), RoleName(t.ID), sealed)
	if err != nil {
		return fmt.Errorf("reserve tenant %s: %w", t.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return nil // another worker was quicker: its record stands
	}
	return postgres.Audit(ctx, tx, postgres.Change{
		Actor: in.Actor, RequestID: in.RequestID, Action: "tenant.reserved", Object: "tenant", ID: t.ID, After: t,
	})
}

// roomiest returns the cluster with the most room. Reservations take turns until
// they are written, so that no two share the last place; the count is a statement
// of its own after the lock, since a statement sees what was when it began.
func roomiest(ctx context.Context, tx pgx.Tx) (string, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('dcoder/reserve', 0))`); err != nil {
		return "", fmt.Errorf("wait for the turn to reserve: %w", err)
	}
	var cluster string
	err := tx.QueryRow(ctx, `
SELECT c.id FROM clusters c
WHERE c.capacity > (SELECT count(*) FROM tenants t WHERE t.cluster = c.id)
ORDER BY c.capacity - (SELECT count(*) FROM tenants t WHERE t.cluster = c.id) DESC, c.id
LIMIT 1`).Scan(&cluster)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", dcoder.Unavailable("clusters_full", "no database cluster has room for another tenant; an operator must add one", 0, err)
	}
	return cluster, err
}

func (p *Provisioner) sealedPassword(ctx context.Context, tx pgx.Tx, tenant string) ([]byte, error) {
	wrapped, err := postgres.DataKey(ctx, tx, p.Vault, tenant)
	if err != nil {
		return nil, err
	}
	box, err := p.Vault.Box(ctx, tenant, wrapped)
	if err != nil {
		return nil, err
	}
	return box.Seal(postgres.PasswordObject, []byte(newPassword()))
}

func newTenant(in dcoder.Onboarding) dcoder.Tenant {
	or := func(given, usual string) string {
		if given == "" {
			return usual
		}
		return given
	}
	return dcoder.Tenant{
		ID: in.Tenant, Name: in.Name, State: dcoder.StateProvisioning,
		Platform: or(in.Platform, dcoder.DefaultPlatform), Plan: or(in.Plan, "pooled"),
		TimeZone: or(in.TimeZone, "UTC"), Currency: or(in.Currency, "USD"), Policies: dcoder.DefaultPolicies(),
	}
}

// MarkFailed says in the catalogue that a tenant's making stopped, and why. It
// leaves a tenant that is ready, or is not there, alone.
func (p *Provisioner) MarkFailed(ctx context.Context, tenant, reason string) error {
	return p.Databases.InControl(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE tenants SET state = 'failed', failure = $2, updated = now() WHERE id = $1 AND state = 'provisioning'`, tenant, reason)
		return err
	})
}
