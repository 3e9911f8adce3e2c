package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestATransactionIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	users := func() (n int) {
		require.NoError(t, s.ReadTenant(t.Context(), tenant, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT count(*) FROM users").Scan(&n)
		}))
		return n
	}
	insert := func(id string, after error) error {
		return s.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO users (id) VALUES ($1)", id)
			require.NoError(t, err)
			return after
		})
	}
	require.NoError(t, insert("a", nil))
	refused := dcoder.Forbidden("no", "no")
	assert.ErrorIs(t, insert("b", refused), refused)
	assert.Panics(t, func() {
		_ = s.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
			_, err := tx.Exec(context.Background(), "INSERT INTO users (id) VALUES ('c')")
			require.NoError(t, err)
			panic("in the middle")
		})
	})
	assert.Equal(t, 1, users())
	err := s.ReadTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO users (id) VALUES ('d')")
		return err
	})
	assert.ErrorContains(t, err, "read-only")
	assert.Equal(t, 1, users())
}

func TestUnknownTenantsAreNotFound(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	for _, id := range []string{dcoder.NewTenantID(), "", "'; DROP TABLE tenants; --", "../x"} {
		err := s.InTenant(t.Context(), id, func(pgx.Tx) error { return nil })
		assert.Equal(t, 404, dcoder.AsError(err).Status, "%q: %v", id, err)
	}
}

func TestAStatementThatTakesTooLongIsEnded(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	process := s.Open(func(o *postgres.Options) { o.Statement = 50 * time.Millisecond })
	e := dcoder.AsError(process.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "SELECT pg_sleep(60)")
		return err
	}))
	assert.Equal(t, 503, e.Status)
	assert.Equal(t, "database_busy", e.Code)
}

func TestWithPostgresDownTheAnswerIsAProperOne(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnPostgres(t)
	s := postgrestest.On(t, server.ControlDSN(), server.CreatorDSN())
	in := dcoder.Onboarding{Tenant: dcoder.NewTenantID(), Name: "x", Admin: dcoder.HashedKey{ID: "k", Hash: []byte("h"), PepperID: "p"}}
	require.NoError(t, s.Make(t.Context(), in))
	work := func(pgx.Tx) error { return nil }
	require.NoError(t, s.InTenant(t.Context(), in.Tenant, work))
	server.Stop()
	for _, tenant := range []string{in.Tenant, dcoder.NewTenantID(), dcoder.PlatformTenant} {
		e := dcoder.AsError(s.InTenant(t.Context(), tenant, work))
		assert.Equal(t, 503, e.Status, "%s: %v", tenant, e)
		assert.Equal(t, "database_unavailable", e.Code)
		assert.NotContains(t, e.Message, "127.0.0.1")
	}
	server.Start()
	require.NoError(t, s.InTenant(t.Context(), in.Tenant, work), "at once when it is back")
}
