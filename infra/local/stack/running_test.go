package stack

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// What the stack promises to tests and functions, asked of the one that runs.

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// to is the DSN with another database.
func to(t *testing.T, dsn, database string) string {
	t.Helper()
	parsed, err := url.Parse(dsn)
	require.NoError(t, err)
	parsed.Path = "/" + database
	return parsed.String()
}

func TestNoRoleButTheSuperuserIsOne(t *testing.T) {
	env := stacktest.Env(t)
	for dsn, want := range map[string][3]bool{ // superuser, creates databases, creates roles
		env.CreatorDSN: {false, true, true},
		env.ControlDSN: {false, false, false},
		env.SuperDSN:   {true, true, true},
	} {
		var have [3]bool
		row := connect(t, dsn).QueryRow(t.Context(), `SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user`)
		require.NoError(t, row.Scan(&have[0], &have[1], &have[2]))
		require.Equal(t, want, have)
	}
}

func TestTheAppRoleConnectsToTheControlDatabaseOnly(t *testing.T) {
	env := stacktest.Env(t)
	connect(t, env.ControlDSN)
	for _, database := range []string{"postgres", "template1"} {
		_, err := pgx.Connect(t.Context(), to(t, env.ControlDSN, database))
		require.ErrorContains(t, err, "permission denied for database", database)
	}
	_, err := pgx.Connect(t.Context(), to(t, env.CreatorDSN, "template1"))
	require.ErrorContains(t, err, "permission denied for database")
}

func TestTheCreatorMakesADatabaseWithVectors(t *testing.T) {
	env := stacktest.Env(t)
	creator := connect(t, env.CreatorDSN)
	name := "stack_" + stacktest.TenantID()
	_, err := creator.Exec(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := creator.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
	})
	database := connect(t, to(t, env.CreatorDSN, name))
	_, err = database.Exec(t.Context(), "CREATE EXTENSION vector")
	require.NoError(t, err)
	var version string
	require.NoError(t, database.QueryRow(t.Context(), "SELECT extversion FROM pg_extension WHERE extname = 'vector'").Scan(&version))
	require.Regexp(t, `^0\.(8|9)\.|^1\.`, version)
}

func TestRedisIsDurableAndNeverEvicts(t *testing.T) {
	options, err := goredis.ParseURL(stacktest.Env(t).RedisURL)
	require.NoError(t, err)
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	for name, want := range map[string]string{
		"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "bind": "127.0.0.1",
	} {
		have, err := client.ConfigGet(t.Context(), name).Result()
		require.NoError(t, err)
		require.Equal(t, want, have[name])
	}
	info, err := client.Info(t.Context(), "server").Result()
	require.NoError(t, err)
	require.Contains(t, info, "redis_version:8.")
}

func TestNATSHasJetStream(t *testing.T) {
	conn, err := natsgo.Connect(stacktest.Env(t).NATSURL)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	account, err := js.AccountInfo(t.Context())
	require.NoError(t, err)
	require.NotZero(t, account.Limits.MaxStore)
}

func TestTemporalAndS3Answer(t *testing.T) {
	env := stacktest.Env(t)
	require.NoError(t, get(t.Context(), env.TemporalUI+"/api/v1/namespaces/default"))
	require.NoError(t, get(t.Context(), env.S3Endpoint+"/health"))
	require.Error(t, get(t.Context(), env.S3Endpoint+"/"), "without a key")
}
