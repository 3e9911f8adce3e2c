package kubernetes_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

// TestASilosRoleSeesItsOwnTenantAlone, on the real server: its functions work as
// ever, and neither another tenant nor the tables behind the views can be read.
func TestASilosRoleSeesItsOwnTenantAlone(t *testing.T) {
	site := postgrestest.New(t)
	own, other := site.NewTenant(), site.NewTenant()
	s := silo()
	s.Tenant = own
	files, err := s.Namespaced(&environments(t)[0], deployables(t))
	require.NoError(t, err)
	sql := string(files[len(files)-1].Data)
	require.Contains(t, sql, "s_"+own)
	creator := connect(t, at(t, site.CreatorDSN, site.ControlDB, nil))
	t.Cleanup(func() {
		_, err := connect(t, at(t, site.CreatorDSN, site.ControlDB, nil)).Exec(context.Background(),
			"DROP SCHEMA s_"+own+" CASCADE; REVOKE CONNECT ON DATABASE "+site.ControlDB+" FROM s_"+own+"; DROP ROLE s_"+own)
		require.NoError(t, err)
	})
	for range 2 { // it may be run again
		_, err = creator.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	_, err = creator.Exec(t.Context(), "ALTER ROLE s_"+own+" LOGIN PASSWORD 'silo'")
	require.NoError(t, err)

	dsn := at(t, site.CreatorDSN, site.ControlDB, url.UserPassword("s_"+own, "silo"))
	mine := site.Open(func(o *postgres.Options) { o.ControlDSN = dsn })
	one := func(tx pgx.Tx) error { var n int; return tx.QueryRow(t.Context(), "SELECT 1").Scan(&n) }
	require.NoError(t, mine.ReadTenant(t.Context(), own, one))
	require.Equal(t, 404, dcoder.AsError(mine.ReadTenant(t.Context(), other, one)).Status)
	tenants, err := postgres.NewTenants(mine).All(t.Context())
	require.NoError(t, err)
	require.Len(t, tenants, 1)
	require.NoError(t, mine.Sweep(t.Context(), 0), "the dispatcher's rounds")

	conn := connect(t, dsn)
	for _, query := range []string{
		"SELECT * FROM public.tenants", "SELECT * FROM public.data_keys", "SELECT * FROM public.keys",
		"UPDATE tenants SET state = 'active'", "INSERT INTO outbox SELECT * FROM outbox", "CREATE TABLE s_" + own + ".x ()",
		"SET ROLE dcoder_app", "SELECT pg_read_file('PG_VERSION')",
	} {
		_, err := conn.Exec(t.Context(), query)
		require.ErrorContains(t, err, "42501", query) // insufficient_privilege
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func at(t *testing.T, dsn, database string, user *url.Userinfo) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.Path = "/" + strings.TrimPrefix(database, "/")
	if user != nil {
		u.User = user
	}
	return u.String()
}
