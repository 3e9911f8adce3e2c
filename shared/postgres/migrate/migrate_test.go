package migrate_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/postgres/migrate"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

func database(t *testing.T) *pgx.ConnConfig {
	t.Helper()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	u, err := url.Parse(s.CreatorDSN)
	require.NoError(t, err)
	u.Path = "/t_" + tenant
	c, err := pgx.ParseConfig(u.String())
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), c)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "DROP TABLE goose_db_version; CREATE TABLE done (what text)")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	return c
}

func files(n int) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 1; i <= n; i++ {
		sql := fmt.Sprintf("-- +goose Up\nINSERT INTO done VALUES ('%d');\nSELECT pg_sleep(0.05);\n", i)
		out[fmt.Sprintf("%05d_step.sql", i)] = &fstest.MapFile{Data: []byte(sql)}
	}
	return out
}

func done(t *testing.T, c *pgx.ConnConfig) (what []string) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), c)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	rows, err := conn.Query(t.Context(), "SELECT what FROM done ORDER BY what")
	require.NoError(t, err)
	what, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return what
}

func TestEachFileIsAppliedOnce(t *testing.T) {
	t.Parallel()
	c := database(t)
	var together sync.WaitGroup
	for range 4 {
		together.Go(func() {
			version, err := migrate.Up(t.Context(), c, files(2))
			assert.NoError(t, err)
			assert.Equal(t, 2, version)
		})
	}
	together.Wait()
	assert.Equal(t, []string{"1", "2"}, done(t, c))
	version, err := migrate.Up(t.Context(), c, files(3))
	require.NoError(t, err)
	assert.Equal(t, 3, version)
	version, err = migrate.Up(t.Context(), c, files(2))
	require.NoError(t, err, "the program before this one is not disturbed")
	assert.Equal(t, 3, version)
	assert.Equal(t, []string{"1", "2", "3"}, done(t, c))
}

func TestAFileThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	c := database(t)
	wrong := files(2)
	wrong["00003_wrong.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nINSERT INTO done VALUES ('3');\nSELECT no_such_thing();\n")}
	_, err := migrate.Up(t.Context(), c, wrong)
	require.Error(t, err)
	assert.Equal(t, []string{"1", "2"}, done(t, c))
	version, err := migrate.Up(t.Context(), c, files(3))
	require.NoError(t, err)
	assert.Equal(t, 3, version, "resumed where it stopped")
}
