package postgrestest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrate"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
)

// newControl clones a control database from a migrated template.
func newControl(t testing.TB, creatorDSN string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, creatorDSN)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	template := controlTemplate(ctx, t, conn, creatorDSN)
	name := "test_ctl_" + dcoder.NewTenantID()
	exec(ctx, t, conn, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY file_copy IS_TEMPLATE false ALLOW_CONNECTIONS true")
	t.Cleanup(func() { dropDatabase(t, creatorDSN, name) })
	return name
}

// controlTemplate returns the template of the control database, and makes it
// when this is the first test to need it.
func controlTemplate(ctx context.Context, t testing.TB, conn *pgx.Conn, creatorDSN string) string {
	t.Helper()
	name := "test_ctl_tpl_" + migrations.Checksum(migrations.Control())
	exec(ctx, t, conn, "SELECT pg_advisory_lock(hashtextextended('"+name+"', 0))")
	defer exec(ctx, t, conn, "SELECT pg_advisory_unlock(hashtextextended('"+name+"', 0))")
	var whole bool
	require.NoError(t, conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND NOT datallowconn)", name).Scan(&whole))
	if whole {
		return name
	}
	exec(ctx, t, conn, "DROP DATABASE IF EXISTS "+name)
	exec(ctx, t, conn, "CREATE DATABASE "+name+" TEMPLATE template0 STRATEGY file_copy")
	config, err := pgx.ParseConfig(withDatabase(t, creatorDSN, name))
	require.NoError(t, err)
	_, err = migrate.Up(ctx, config, migrations.Control())
	require.NoError(t, err)
	exec(ctx, t, conn, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
	return name
}

func dropDatabase(t testing.TB, creatorDSN, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, creatorDSN)
	if err != nil {
		t.Logf("drop %s: %v", name, err) // the server of the test may be gone
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
		t.Errorf("drop %s: %v", name, err)
	}
}

func exec(ctx context.Context, t testing.TB, conn *pgx.Conn, statement string) {
	t.Helper()
	_, err := conn.Exec(ctx, statement)
	require.NoError(t, err, statement)
}
