package provision

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// SeedDefaults writes the tenant's first administrator's key. Of the key only
// its keyed hash is here: the key itself was shown to whoever asked for the
// tenant.
func (p *Provisioner) SeedDefaults(ctx context.Context, in dcoder.Onboarding) error {
	name := in.Admin.Name
	if name == "" {
		name = "first administrator"
	}
	return p.Databases.InUnfinishedTenant(ctx, in.Tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
INSERT INTO keys (id, name, role, hash, pepper_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
			in.Admin.ID, name, dcoder.RoleTenantAdmin, in.Admin.Hash, in.Admin.PepperID)
		if err != nil {
			return fmt.Errorf("write the first key of %s: %w", in.Tenant, err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		return postgres.Audit(ctx, tx, postgres.Change{
			Actor: in.Actor, RequestID: in.RequestID, Action: "key.created", Object: "key", ID: in.Admin.ID,
			After: map[string]any{"name": name, "role": dcoder.RoleTenantAdmin},
		})
	})
}
