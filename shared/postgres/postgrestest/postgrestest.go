// Package postgrestest gives every test databases of its own on the real server
// of the local stack: a control database cloned from a migrated template, and
// tenants made by the real provisioner. Only tests import it.
package postgrestest

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
	"github.com/d-coder-ai/dcoder/shared/postgres/provision"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// Site is one test's platform: a control database and its tenants. Everything in
// it is dropped when the test ends.
type Site struct {
	*postgres.Databases
	Provisioner *provision.Provisioner
	Vault       *secret.Vault
	KEK         string // the vault's key encryption key, as DCODER_KEK has it, for other processes
	ControlDSN  string // of the functions' role
	CreatorDSN  string
	ControlDB   string
	Options     postgres.Options // to open more Databases on the same site

	t testing.TB
}

// Option changes the Options that a site is opened with.
type Option func(*postgres.Options)

// New makes a site on the server of the local stack.
func New(t testing.TB, options ...Option) *Site {
	t.Helper()
	stack := stacktest.Env(t)
	return On(t, stack.ControlDSN, stack.CreatorDSN, options...)
}

// On makes a site on another server, for tests that stop or kill it.
func On(t testing.TB, controlDSN, creatorDSN string, options ...Option) *Site {
	t.Helper()
	s := &Site{t: t, CreatorDSN: creatorDSN, ControlDB: newControl(t, creatorDSN)}
	s.KEK, s.Vault = newVault(t)
	s.ControlDSN = withDatabase(t, controlDSN, s.ControlDB)
	s.Options = postgres.Options{ControlDSN: s.ControlDSN, Vault: s.Vault, Wait: 20 * time.Second}
	for _, o := range options {
		o(&s.Options)
	}
	s.Databases = s.Open()
	s.Provisioner = newProvisioner(t, s)
	_, err := s.Provisioner.EnsureControl(t.Context())
	require.NoError(t, err)
	return s
}

// Open opens the site's databases once more, as another process would.
func (s *Site) Open(options ...Option) *postgres.Databases {
	s.t.Helper()
	o := s.Options
	for _, change := range options {
		change(&o)
	}
	d, err := postgres.Open(o)
	require.NoError(s.t, err)
	s.t.Cleanup(d.Close)
	return d
}

// NewTenant makes a tenant, ready for requests, and returns its id.
func (s *Site) NewTenant() string {
	s.t.Helper()
	return s.NewTenantFrom(dcoder.Onboarding{})
}

// NewTenantFrom makes a tenant as the onboarding workflow does; empty fields get
// what a test does not care about.
func (s *Site) NewTenantFrom(in dcoder.Onboarding) string {
	s.t.Helper()
	if in.Tenant == "" {
		in.Tenant = dcoder.NewTenantID()
	}
	if in.Name == "" {
		in.Name = "Tenant " + in.Tenant
	}
	if in.Admin.ID == "" {
		in.Admin = dcoder.HashedKey{ID: dcoder.NewKeyID(), Hash: []byte("nobody holds this key"), PepperID: "none"}
	}
	s.t.Cleanup(func() { s.drop(in.Tenant) })
	require.NoError(s.t, s.Make(s.t.Context(), in))
	return in.Tenant
}

// Make takes the steps of onboarding; the caller sees to it that the tenant is
// dropped.
func (s *Site) Make(ctx context.Context, in dcoder.Onboarding) error {
	p := s.Provisioner
	for _, step := range []func() error{
		func() error { return p.ReserveTenant(ctx, in) },
		func() error { return p.CreateRole(ctx, in.Tenant) },
		func() error { return p.CreateDatabase(ctx, in.Tenant) },
		func() error { return p.MigrateDatabase(ctx, in.Tenant) },
		func() error { return p.SeedDefaults(ctx, in) },
		func() error { return p.Activate(ctx, in.Tenant) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) drop(tenant string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.Provisioner.Drop(ctx, tenant); err != nil && dcoder.AsError(err).Status != 404 {
		s.t.Errorf("drop tenant: %v", err)
	}
}

// NewVault returns a vault under a key encryption key of its own.
func NewVault(t testing.TB) *secret.Vault {
	t.Helper()
	_, vault := newVault(t)
	return vault
}

func newVault(t testing.TB) (keyset string, vault *secret.Vault) {
	t.Helper()
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	kek, err := secret.ParseKeyset(keyset)
	require.NoError(t, err)
	return keyset, secret.NewVault(kek)
}

func newProvisioner(t testing.TB, s *Site) *provision.Provisioner {
	t.Helper()
	p, err := provision.New(provision.Options{
		Databases: s.Databases, Vault: s.Vault, CreatorDSN: s.CreatorDSN, ControlDB: s.ControlDB,
		Strategy: "file_copy", Templates: tenantTemplates(),
	})
	require.NoError(t, err)
	return p
}

// tenantTemplates carries the migrations' checksum: while they are being
// written, two work trees must not share a template.
var tenantTemplates = sync.OnceValue(func() string {
	return "test_tpl_" + migrations.Checksum(migrations.Tenant()) + "_v"
})

func withDatabase(t testing.TB, dsn, database string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.Path = "/" + database
	return u.String()
}
