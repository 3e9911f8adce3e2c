package operate_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/operate"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/postgres/provision"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

func text(t *testing.T, made string, err error) string {
	t.Helper()
	require.NoError(t, err)
	return made
}

func open(t *testing.T, controlDSN, creatorDSN, keyset string) *operate.Platform {
	t.Helper()
	p, err := operate.Open(controlDSN, creatorDSN, keyset)
	require.NoError(t, err)
	t.Cleanup(p.Databases.Close)
	return p
}

func newKeyset(t *testing.T) string { made, err := secret.NewKeyset(); return text(t, made, err) }

func newPeppers(t *testing.T) (string, *auth.Peppers) {
	made, err := auth.NewPeppers()
	p, err2 := auth.ParsePeppers(text(t, made, err))
	require.NoError(t, err2)
	return made, p
}

func TestBootstrapMakesOneKey(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	p := open(t, s.ControlDSN, "", newKeyset(t))
	_, peppers := newPeppers(t)
	var mu sync.Mutex
	var made []string
	var together sync.WaitGroup
	for range 6 {
		together.Go(func() {
			key, err := p.Bootstrap(t.Context(), peppers, false)
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			if key != "" {
				made = append(made, key)
			}
		})
	}
	together.Wait()
	require.Len(t, made, 1)
	k, err := virtualkey.Parse(made[0])
	require.NoError(t, err)
	snap, err := p.Databases.Build(t.Context(), dcoder.PlatformTenant, k.ID)
	require.NoError(t, err)
	assert.Equal(t, dcoder.RolePlatformOwner, snap.Principal.Role)
	assert.Contains(t, snap.Principal.Permissions, dcoder.TenantsWrite)
	another, err := p.Bootstrap(t.Context(), peppers, true)
	require.NoError(t, err)
	assert.NotEmpty(t, another)
}

func TestMigrateMakesAPlatformOutOfAnEmptyServer(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnPostgres(t)
	p := open(t, server.ControlDSN(), server.CreatorDSN(), newKeyset(t))
	for range 2 {
		control, tenants, err := p.Migrate(t.Context())
		require.NoError(t, err)
		assert.Equal(t, migrations.Latest(migrations.Control()), control)
		assert.Zero(t, tenants)
	}
	in := dcoder.Onboarding{Tenant: dcoder.NewTenantID(), Name: "first", Admin: dcoder.HashedKey{ID: "k", Hash: []byte("h"), PepperID: "p1"}}
	for _, step := range []func() error{
		func() error { return p.Provisioner.ReserveTenant(t.Context(), in) }, func() error { return p.Provisioner.CreateRole(t.Context(), in.Tenant) },
		func() error { return p.Provisioner.CreateDatabase(t.Context(), in.Tenant) }, func() error { return p.Provisioner.MigrateDatabase(t.Context(), in.Tenant) },
		func() error { return p.Provisioner.SeedDefaults(t.Context(), in) }, func() error { return p.Provisioner.Activate(t.Context(), in.Tenant) },
	} {
		require.NoError(t, step())
	}
	require.NoError(t, p.Databases.InTenant(t.Context(), in.Tenant, func(pgx.Tx) error { return nil }))
	assert.Equal(t, "t_"+in.Tenant, provision.DatabaseName(in.Tenant))
}

func TestTheKeyEncryptionKeyRotatesInThreeSteps(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	keyset := newKeyset(t)
	first := open(t, s.ControlDSN, s.CreatorDSN, keyset)
	site := *s
	site.Databases, site.Vault, site.Provisioner = first.Databases, first.Vault, provisioner(t, s, first)
	tenant := site.NewTenant()
	_, err := postgres.NewProviders(first.Databases).Put(t.Context(), tenant, dcoder.Provider{Name: "p", Dialect: "openai", BaseURL: "https://x"}, "sk-1")
	require.NoError(t, err)

	steps := []string{keyset}
	for range 3 {
		p := open(t, s.ControlDSN, "", steps[len(steps)-1])
		done, err := p.RotateKEK(t.Context(), steps[len(steps)-1])
		require.NoError(t, err)
		require.NotEmpty(t, done.Next)
		steps = append(steps, done.Next)
	}
	for i, step := range steps {
		p := open(t, s.ControlDSN, "", step)
		grant, err := postgres.NewProviders(p.Databases).Grant(t.Context(), tenant, "p")
		if i == 0 {
			assert.ErrorIs(t, err, secret.ErrCannotOpen, "the key before the rotation opens nothing")
			continue
		}
		require.NoError(t, err, "step %d", i)
		assert.Equal(t, "sk-1", grant.Secret)
	}
}

func provisioner(t *testing.T, s *postgrestest.Site, p *operate.Platform) *provision.Provisioner {
	t.Helper()
	o := s.Provisioner.Options
	o.Databases, o.Vault = p.Databases, p.Vault
	made, err := provision.New(o)
	require.NoError(t, err)
	return made
}

func TestThePepperRotatesInThreeSteps(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenantFrom(dcoder.Onboarding{Admin: dcoder.HashedKey{ID: "first0000000", Hash: []byte("h"), PepperID: "p1"}})
	p := &operate.Platform{Databases: s.Databases, Vault: s.Vault}
	peppers, one := newPeppers(t)
	rotate := func(force bool) operate.Step {
		done, err := p.RotatePepper(t.Context(), peppers, force)
		require.NoError(t, err)
		return done
	}
	peppers = rotate(false).Next
	peppers = rotate(false).Next
	now, err := auth.ParsePeppers(peppers)
	require.NoError(t, err)
	assert.Equal(t, []string{"p2", "p1"}, now.IDs())
	done := rotate(false)
	assert.Empty(t, done.Next, "a key is still under the old pepper")
	assert.Contains(t, done.Say, tenant)
	_, hashed := now.Issue(tenant, "first0000000")
	require.NoError(t, postgres.NewKeys(s.Databases).Rekey(t.Context(), tenant, []byte("h"), hashed))
	peppers = rotate(false).Next
	now, err = auth.ParsePeppers(peppers)
	require.NoError(t, err)
	assert.Equal(t, []string{"p2"}, now.IDs())
	assert.Equal(t, []string{"p1"}, one.IDs())
}
