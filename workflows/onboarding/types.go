// Package onboarding makes a tenant: role, database, schema, defaults, first
// admin key, open counters, and the news of it.
//
// Every step may run again after it has run, in whole or in part: a worker that
// dies in the middle of one leaves nothing that the next does not take over. What
// fails for good leaves the tenant in the state "failed", and starting the
// workflow again goes on from there.
package onboarding

import (
	"context"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Provisioner makes the parts of a tenant in the stores. Every method is
// idempotent, and safe beside another call of itself for the same tenant: after
// a lost heartbeat two workers may be in the same step for a moment.
type Provisioner interface {
	// ReserveTenant writes the tenant into the catalogue, state "provisioning".
	ReserveTenant(ctx context.Context, in dcoder.Onboarding) error
	// CreateRole makes the tenant's login role and stores its password, sealed.
	CreateRole(ctx context.Context, tenant string) error
	// CreateDatabase makes the tenant's database, closed to all other roles.
	CreateDatabase(ctx context.Context, tenant string) error
	// MigrateDatabase brings the database to the newest version.
	MigrateDatabase(ctx context.Context, tenant string) error
	// SeedDefaults writes a new tenant's defaults and its first admin key.
	SeedDefaults(ctx context.Context, in dcoder.Onboarding) error
	// Activate opens the tenant for requests, state "active".
	Activate(ctx context.Context, tenant string) error
	// MarkFailed says in the catalogue that onboarding stopped, and why; it never
	// touches an active tenant.
	MarkFailed(ctx context.Context, tenant, reason string) error
}

// Counters opens the counters of a new tenant at zero, so that its first call
// need not ask Postgres what was used before. Idempotent: counters that exist
// are left alone.
type Counters interface {
	Open(ctx context.Context, tenant string) error
}

// Deps is what the activities work with.
type Deps struct {
	Provisioner Provisioner
	Counters    Counters
	Publisher   dcoder.Publisher
}
