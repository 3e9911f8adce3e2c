package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/singleflight"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Databases lends transactions in the control database and in tenants' own. One
// a process, safe for concurrent use. The platform's own tenant,
// dcoder.PlatformTenant, lives in the control database.
type Databases struct {
	options Options
	control *pool
	tenants *pool

	mu      sync.Mutex
	known   map[string]*home // by tenant
	lookups singleflight.Group
}

// Work is what a transaction does; an error rolls it back. It may not keep tx.
type Work = func(tx pgx.Tx) error

const controlName = "" // of the control database in its pool

// Open returns the databases without connecting to any.
func Open(o Options) (*Databases, error) {
	o = o.withDefaults()
	if _, err := pgx.ParseConfig(o.ControlDSN); err != nil {
		return nil, fmt.Errorf("the control database's DSN is malformed") // the cause quotes it
	}
	return &Databases{
		options: o,
		control: newPool(o.ControlConns, o.ControlConns, o.Idle),
		tenants: newPool(o.MaxConns-o.ControlConns, o.TenantConns, o.Idle),
		known:   map[string]*home{},
	}, nil
}

// Close closes idle connections at once and lent ones when they come back.
func (d *Databases) Close() {
	d.tenants.close()
	d.control.close()
}

// InTenant runs work in one transaction of the tenant's database and commits it
// together with the request's idempotency record, where it has one to store.
// Errors: 404 for no such tenant, 503 with Retry-After for a tenant that is not
// migrated or a database that is busy or gone, otherwise what work returned.
func (d *Databases) InTenant(ctx context.Context, tenant string, work Work) error {
	return d.in(ctx, tenant, pgx.ReadWrite, work)
}

// ReadTenant is InTenant for work that only reads; Postgres refuses writes.
func (d *Databases) ReadTenant(ctx context.Context, tenant string, work Work) error {
	return d.in(ctx, tenant, pgx.ReadOnly, work)
}

// InUnfinishedTenant is InTenant for whoever makes the tenant: it does not ask
// whether the tenant is ready.
func (d *Databases) InUnfinishedTenant(ctx context.Context, tenant string, work Work) error {
	return d.in(context.WithValue(ctx, unfinishedKey{}, true), tenant, pgx.ReadWrite, work)
}

type unfinishedKey struct{}

// InControl is InTenant for the control database.
func (d *Databases) InControl(ctx context.Context, work Work) error {
	return d.in(ctx, dcoder.PlatformTenant, pgx.ReadWrite, work)
}

// ReadControl is ReadTenant for the control database.
func (d *Databases) ReadControl(ctx context.Context, work Work) error {
	return d.in(ctx, dcoder.PlatformTenant, pgx.ReadOnly, work)
}

// Ready reports whether the control database answers.
func (d *Databases) Ready(ctx context.Context) error {
	return d.ReadControl(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT 1")
		return err
	})
}

func (d *Databases) in(ctx context.Context, tenant string, mode pgx.TxAccessMode, work Work) error {
	s, err := d.begin(ctx, tenant, mode)
	if err != nil {
		return d.failed(tenant, err)
	}
	defer s.end()
	if err := work(s.tx); err != nil {
		return d.failed(tenant, err)
	}
	if mode == pgx.ReadWrite {
		if err := d.storeReplay(ctx, s.tx, tenant); err != nil {
			return d.failed(tenant, err)
		}
	}
	if err := s.tx.Commit(ctx); err != nil {
		return d.failed(tenant, fmt.Errorf("commit in %s: %w", tenant, err))
	}
	replayStored(ctx, tenant, mode)
	return nil
}

// place is where a tenant's transactions run.
func (d *Databases) place(ctx context.Context, tenant string) (*pool, string, func(context.Context) (*pgx.ConnConfig, error), error) {
	if tenant == dcoder.PlatformTenant {
		return d.control, controlName, d.controlConfig, nil
	}
	h, err := d.home(ctx, tenant)
	if err != nil {
		return nil, "", nil, err
	}
	if err := h.usable(); err != nil && ctx.Value(unfinishedKey{}) == nil {
		return nil, "", nil, err
	}
	return d.tenants, h.database, func(context.Context) (*pgx.ConnConfig, error) { return h.config(d.options) }, nil
}

func (d *Databases) controlConfig(context.Context) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(d.options.ControlDSN)
	if err != nil {
		return nil, err
	}
	return tuned(c, d.options), nil
}

// tuned sets what holds for every connection.
func tuned(c *pgx.ConnConfig, o Options) *pgx.ConnConfig {
	c.ConnectTimeout = o.Connect
	c.RuntimeParams["application_name"] = o.Name
	c.RuntimeParams["statement_timeout"] = milliseconds(o.Statement)
	c.RuntimeParams["lock_timeout"] = milliseconds(o.Statement / 2)
	c.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(2 * o.Statement)
	c.RuntimeParams["timezone"] = "UTC"
	return c
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }
