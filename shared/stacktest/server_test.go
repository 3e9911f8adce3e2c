package stacktest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestOwnRedisKeepsItsDataOverARestart(t *testing.T) {
	server := OwnRedis(t)
	options, err := goredis.ParseURL(server.URL())
	require.NoError(t, err)
	options.MaxRetries = -1
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })

	require.NoError(t, client.Set(t.Context(), "k", "v", 0).Err())
	server.Stop()
	require.Error(t, client.Get(t.Context(), "k").Err())
	server.Start()
	require.Equal(t, "v", client.Get(t.Context(), "k").Val())
	server.Kill()
	require.Error(t, client.Get(t.Context(), "k").Err())
	server.Restart()
	require.Equal(t, "v", client.Get(t.Context(), "k").Val())
}

func TestOwnNATSKeepsItsStreamsOverAKill(t *testing.T) {
	server := OwnNATS(t)
	conn, err := nats.Connect(server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(10e6))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}})
	require.NoError(t, err)
	_, err = js.Publish(t.Context(), "s.1", []byte("x"))
	require.NoError(t, err)

	server.Kill()
	server.Start()
	require.Eventually(t, func() bool {
		stream, err := js.Stream(context.Background(), "S")
		return err == nil && stream.CachedInfo().State.Msgs == 1
	}, 10e9, 10e6)
}

func TestOwnPostgresMakesTenantDatabasesWithVectorsAndEndsAndStarts(t *testing.T) {
	server := OwnPostgres(t)
	creator, err := pgx.Connect(t.Context(), server.CreatorDSN())
	require.NoError(t, err)
	_, err = creator.Exec(t.Context(), `CREATE DATABASE t_one`)
	require.NoError(t, err)
	server.Kill()
	// A backend lives on until it notices that its postmaster is gone.
	require.Eventually(t, func() bool { return creator.Ping(t.Context()) != nil }, 20*time.Second, 10*time.Millisecond)
	server.Start()

	tenant, err := pgx.Connect(t.Context(), server.DSN("dcoder_creator", "t_one"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = tenant.Close(context.Background()) })
	var distance float64
	_, err = tenant.Exec(t.Context(), `CREATE EXTENSION vector`)
	require.NoError(t, err)
	require.NoError(t, tenant.QueryRow(t.Context(), `SELECT '[1,2]'::vector <-> '[1,4]'::vector`).Scan(&distance))
	require.InDelta(t, 2, distance, 1e-9)
}

func TestAFrozenServerAnswersAgainAfterTheThaw(t *testing.T) {
	server := OwnRedis(t)
	server.Freeze()
	require.Error(t, greets(server.Addr(), "PING\r\n", "+PONG"))
	server.Thaw()
	require.NoError(t, greets(server.Addr(), "PING\r\n", "+PONG"))
}
