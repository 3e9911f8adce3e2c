package provision_test

import (
	"context"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func order(t *testing.T, s *postgrestest.Site) dcoder.Onboarding {
	t.Helper()
	in := dcoder.Onboarding{
		Tenant: dcoder.NewTenantID(), Name: "Acme",
		Admin: dcoder.HashedKey{ID: dcoder.NewKeyID(), Hash: []byte("h"), PepperID: "p1"},
	}
	t.Cleanup(func() {
		if err := s.Provisioner.Drop(context.Background(), in.Tenant); err != nil {
			assert.Equal(t, 404, dcoder.AsError(err).Status, "%v", err)
		}
	})
	return in
}

// checkOne checks that there is one of everything.
func checkOne(t *testing.T, s *postgrestest.Site, in dcoder.Onboarding) {
	t.Helper()
	require.NoError(t, s.InTenant(t.Context(), in.Tenant, func(tx pgx.Tx) error {
		return want(t, tx, map[string]int{
			`SELECT count(*) FROM keys`: 1, `SELECT count(*) FROM audit_log`: 1,
			`SELECT count(*) FROM pg_database WHERE datname = 't_` + in.Tenant + `' AND datallowconn`: 1,
			`SELECT count(*) FROM pg_roles WHERE rolname = 'r_` + in.Tenant + `'`:                     1,
		})
	}))
	require.NoError(t, s.InControl(t.Context(), func(tx pgx.Tx) error {
		return want(t, tx, map[string]int{
			`SELECT count(*) FROM tenants WHERE state = 'active' AND id = '` + in.Tenant + `'`: 1,
			`SELECT count(*) FROM audit_log WHERE object_id = '` + in.Tenant + `'`:             2,
		})
	}))
}

func want(t *testing.T, tx pgx.Tx, counts map[string]int) error {
	for query, expected := range counts {
		var n int
		if err := tx.QueryRow(t.Context(), query).Scan(&n); err != nil {
			return err
		}
		assert.Equal(t, expected, n, query)
	}
	return nil
}

func TestEveryStepMayBeRepeatedAndRunTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	in := order(t, s)
	p := s.Provisioner
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return p.ReserveTenant(ctx, in) },
		func(ctx context.Context) error { return p.CreateRole(ctx, in.Tenant) },
		func(ctx context.Context) error { return p.CreateDatabase(ctx, in.Tenant) },
		func(ctx context.Context) error { return p.MigrateDatabase(ctx, in.Tenant) },
		func(ctx context.Context) error { return p.SeedDefaults(ctx, in) },
		func(ctx context.Context) error { return p.Activate(ctx, in.Tenant) },
	} {
		var together sync.WaitGroup
		for range 3 {
			together.Go(func() { assert.NoError(t, step(t.Context())) })
		}
		together.Wait()
		require.NoError(t, step(t.Context()))
	}
	require.NoError(t, s.Make(t.Context(), in), "all of it once more")
	checkOne(t, s, in)
}

// A context that ends cuts the connection in the middle of whatever runs, as a
// kill does.
func TestAKilledMakingGoesOn(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	for range 4 {
		in := order(t, s)
		kills := 0
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.Int64N(int64(150*time.Millisecond))))
			err := s.Make(ctx, in)
			cancel()
			if err == nil {
				break
			}
			if kills++; kills > 30 {
				require.NoError(t, s.Make(t.Context(), in))
				break
			}
		}
		checkOne(t, s, in)
	}
}

func TestAFailedMakingIsMarkedAndGoesOn(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	in := order(t, s)
	require.NoError(t, s.Provisioner.MarkFailed(t.Context(), in.Tenant, "nothing to mark"))
	require.NoError(t, s.Provisioner.ReserveTenant(t.Context(), in))
	require.NoError(t, s.Provisioner.MarkFailed(t.Context(), in.Tenant, "create-role"))
	err := s.InTenant(t.Context(), in.Tenant, func(pgx.Tx) error { return nil })
	assert.Equal(t, "tenant_provisioning", dcoder.AsError(err).Code)
	require.NoError(t, s.Make(t.Context(), in))
	require.NoError(t, s.Provisioner.MarkFailed(t.Context(), in.Tenant, "too late"))
	checkOne(t, s, in)
}

func TestAFullClusterIsSaid(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	require.NoError(t, s.InControl(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE clusters SET capacity = 2")
		return err
	}))
	var together sync.WaitGroup
	full := make(chan error, 5)
	for range 5 {
		in := order(t, s)
		together.Go(func() { full <- s.Provisioner.ReserveTenant(t.Context(), in) })
	}
	together.Wait()
	close(full)
	refused := 0
	for err := range full {
		if err != nil {
			assert.Equal(t, "clusters_full", dcoder.AsError(err).Code)
			refused++
		}
	}
	assert.Equal(t, 3, refused, "two places, however many ask at once")
}

func TestATenantsRoleEntersNoOtherDatabase(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	mine, other := s.NewTenant(), s.NewTenant()
	password := passwordOf(t, s, mine)
	entered := 0
	for _, name := range everyDatabase(t) {
		err := login(t, s, "r_"+mine, password, name)
		if name == "t_"+mine {
			require.NoError(t, err)
			entered++
			continue
		}
		var refused *pgconn.PgError
		if assert.ErrorAs(t, err, &refused, "%s let it in", name) {
			assert.Contains(t, []string{"42501", "55000", "3D000"}, refused.Code, "%s: %v", name, err)
		}
	}
	assert.Equal(t, 1, entered)
	assert.Error(t, login(t, s, "r_"+other, password, "t_"+other), "a password of one's own")
	require.NoError(t, s.InTenant(t.Context(), mine, func(tx pgx.Tx) error {
		for _, forbidden := range []string{
			"CREATE TABLE mine (x int)", "DELETE FROM audit_log", "UPDATE audit_log SET actor = 'x'", "DROP TABLE keys", "CREATE ROLE x", "CREATE DATABASE x",
			"SET ROLE dcoder_tenant", "ALTER TABLE keys ADD x int", "SELECT pg_read_file('/etc/passwd')", "COPY keys TO PROGRAM 'true'",
		} {
			_, err := tx.Exec(t.Context(), "SAVEPOINT s")
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), forbidden)
			assert.Error(t, err, forbidden)
			_, err = tx.Exec(t.Context(), "ROLLBACK TO s")
			require.NoError(t, err)
		}
		return nil
	}))
}

func passwordOf(t *testing.T, s *postgrestest.Site, tenant string) string {
	t.Helper()
	var sealed, wrapped []byte
	require.NoError(t, s.ReadControl(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT password, wrapped FROM tenants t JOIN data_keys k ON k.tenant = t.id WHERE id = $1`, tenant).Scan(&sealed, &wrapped)
	}))
	box, err := s.Vault.Box(t.Context(), tenant, wrapped)
	require.NoError(t, err)
	plain, err := box.Open(postgres.PasswordObject, sealed)
	require.NoError(t, err)
	return string(plain)
}

func everyDatabase(t *testing.T) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), stacktest.Env(t).SuperDSN)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), "SELECT datname FROM pg_database")
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Subset(t, all, []string{"postgres", "template0", "template1", "dcoder_control"})
	return all
}

func login(t *testing.T, s *postgrestest.Site, role, password, database string) error {
	t.Helper()
	u, err := url.Parse(s.CreatorDSN)
	require.NoError(t, err)
	u.User, u.Path = url.UserPassword(role, password), "/"+database
	conn, err := pgx.Connect(t.Context(), u.String())
	if err == nil {
		_ = conn.Close(t.Context())
	}
	return err
}

func TestTenantsThatAreBehindWaitForTheirMigration(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenants := []string{s.NewTenant(), s.NewTenant(), s.NewTenant()}
	require.NoError(t, s.InControl(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE tenants SET schema_version = 0")
		return err
	}))
	process := s.Open()
	for _, tenant := range tenants {
		e := dcoder.AsError(process.InTenant(t.Context(), tenant, func(pgx.Tx) error { return nil }))
		assert.Equal(t, 503, e.Status)
		assert.Equal(t, "tenant_migrating", e.Code)
		assert.Positive(t, e.RetryAfter)
	}
	var together sync.WaitGroup
	for range 2 {
		together.Go(func() {
			_, err := s.Provisioner.MigrateAll(t.Context())
			assert.NoError(t, err)
		})
	}
	together.Wait()
	for _, tenant := range tenants {
		assert.NoError(t, process.InTenant(t.Context(), tenant, func(pgx.Tx) error { return nil }), "at once, without a restart")
	}
	done, err := s.Provisioner.MigrateAll(t.Context())
	require.NoError(t, err)
	assert.Zero(t, done)
	assert.LessOrEqual(t, postgres.MinimumSchema, migrations.Latest(migrations.Tenant()))
}

func TestOneBrokenTenantDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	good, broken := s.NewTenant(), s.NewTenant()
	require.NoError(t, s.InControl(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE tenants SET schema_version = 0, database = CASE WHEN id = $1 THEN 't_gone' ELSE database END", broken)
		return err
	}))
	done, err := s.Provisioner.MigrateAll(t.Context())
	assert.Equal(t, 1, done)
	require.Error(t, err)
	assert.True(t, strings.Contains(err.Error(), broken) && !strings.Contains(err.Error(), good), "%v", err)
	require.NoError(t, s.InControl(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE tenants SET database = 't_' || id")
		return err
	}))
}
