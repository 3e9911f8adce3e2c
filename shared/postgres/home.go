package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// home is where a tenant lives, from the catalogue.
type home struct {
	tenant   dcoder.Tenant
	address  string // of the cluster
	database string
	role     string
	password string
	schema   int
	box      *secret.Box
	read     time.Time
}

const (
	homeLife  = time.Minute // how long the catalogue's answer is trusted
	mostHomes = 20_000
	migrating = 5 * time.Second // when a client may ask again
)

// home returns where a tenant lives: remembered for a minute, since addresses
// change rarely and a wrong one is noticed.
func (d *Databases) home(ctx context.Context, tenant string) (*home, error) {
	d.mu.Lock()
	h := d.known[tenant]
	d.mu.Unlock()
	if h != nil && time.Since(h.read) < homeLife {
		return h, nil
	}
	return d.freshHome(ctx, tenant)
}

// freshHome asks the catalogue; requests that ask together share the answer.
func (d *Databases) freshHome(ctx context.Context, tenant string) (*home, error) {
	found, err, _ := d.lookups.Do(tenant, func() (any, error) {
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.options.Wait+d.options.Connect)
		defer cancel()
		return d.readHome(shared, tenant)
	})
	if err != nil {
		return nil, err
	}
	return found.(*home), nil
}

const homeQuery = `
SELECT t.id, t.name, t.platform, t.state, t.plan, t.timezone, t.currency, t.policies, t.created, t.updated,
       c.address, t.database, t.role, t.password, t.schema_version, k.wrapped
FROM tenants t JOIN clusters c ON c.id = t.cluster JOIN data_keys k ON k.tenant = t.id
WHERE t.id = $1`

func (d *Databases) readHome(ctx context.Context, tenant string) (*home, error) {
	if !dcoder.ValidTenantID(tenant) {
		return nil, dcoder.NotFound("tenant", tenant)
	}
	var h home
	var password, wrapped []byte
	err := d.ReadControl(ctx, func(tx pgx.Tx) error {
		t := &h.tenant
		return tx.QueryRow(ctx, homeQuery, tenant).Scan(&t.ID, &t.Name, &t.Platform, &t.State, &t.Plan, &t.TimeZone, &t.Currency,
			&t.Policies, &t.Created, &t.Updated, &h.address, &h.database, &h.role, &password, &h.schema, &wrapped)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		d.forget(tenant)
		return nil, dcoder.NotFound("tenant", tenant)
	}
	if err != nil {
		return nil, fmt.Errorf("look up tenant %s: %w", tenant, err)
	}
	if err := h.open(ctx, d.options.Vault, password, wrapped); err != nil {
		return nil, err
	}
	d.remember(&h)
	return &h, nil
}

func (h *home) open(ctx context.Context, vault *secret.Vault, password, wrapped []byte) error {
	box, err := vault.Box(ctx, h.tenant.ID, wrapped)
	if err != nil {
		return err
	}
	plain, err := box.Open(PasswordObject, password)
	if err != nil {
		return err
	}
	h.box, h.password, h.read = box, string(plain), time.Now()
	return nil
}

// PasswordObject is what the sealed password of a tenant's database role is
// bound to, beside the tenant.
const PasswordObject = "database/password"

// usable refuses a tenant that is not there yet or whose schema is behind.
func (h *home) usable() error {
	if h.tenant.State == dcoder.StateProvisioning || h.tenant.State == dcoder.StateFailed {
		return dcoder.Unavailable("tenant_provisioning", "the tenant is being created; try again shortly", time.Second, nil)
	}
	if h.schema < MinimumSchema {
		return dcoder.Unavailable("tenant_migrating", "the tenant's database is being upgraded; try again shortly", migrating, nil)
	}
	return nil
}

func (h *home) config(o Options) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(h.address)
	if err != nil {
		return nil, errors.New("the cluster's address is malformed")
	}
	c.Database, c.User, c.Password = h.database, h.role, h.password
	return tuned(c, o), nil
}

func (d *Databases) remember(h *home) {
	if h.usable() != nil {
		return // it changes soon
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= mostHomes {
		clear(d.known)
	}
	d.known[h.tenant.ID] = h
}

func (d *Databases) forget(tenant string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, tenant)
}

// box returns what seals a tenant's secrets.
func (d *Databases) box(ctx context.Context, tenant string) (*secret.Box, error) {
	if tenant == dcoder.PlatformTenant {
		return d.platformBox(ctx)
	}
	h, err := d.home(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return h.box, nil
}
