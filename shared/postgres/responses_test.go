package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

func stored(owner, id, previous string, expires time.Duration) *dcoder.StoredResponse {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return &dcoder.StoredResponse{
		ID: id, Owner: owner, Previous: previous, Items: []string{"msg_" + id}, Created: now, Expires: now.Add(expires),
		Input: []byte(`["input of ` + id + `"]`), Response: []byte(`{"id":"` + id + `"}`),
	}
}

func TestResponsesAreKeptSealedForTheirOwner(t *testing.T) {
	site := postgrestest.New(t)
	tenant, other := site.NewTenant(), site.NewTenant()
	store, ctx := postgres.NewResponses(site.Databases), t.Context()
	require.NoError(t, store.Ready(ctx, tenant))
	var first *dcoder.StoredResponse
	for i, previous := range []string{"", "r0", "r1"} {
		s := stored("user:u", fmt.Sprintf("r%d", i), previous, time.Hour)
		require.NoError(t, store.Keep(ctx, tenant, s))
		if i == 0 {
			first = s
		}
	}
	got, err := store.Find(ctx, tenant, "user:u", "r0")
	require.NoError(t, err)
	require.Equal(t, first, got)

	chain, err := store.Chain(ctx, tenant, "user:u", "r2", 1<<20)
	require.NoError(t, err)
	require.Len(t, chain, 3)
	require.Equal(t, "r0", chain[0].ID)
	require.Equal(t, "r2", chain[2].ID)
	_, err = store.Chain(ctx, tenant, "user:u", "r2", 20)
	require.Equal(t, 400, dcoder.AsError(err).Status)

	found, err := store.Holding(ctx, tenant, "user:u", []string{"msg_r1", "msg_none"})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "r1", found[0].ID)

	for _, who := range []struct{ tenant, owner string }{{tenant, "user:v"}, {tenant, "key:u"}, {other, "user:u"}} {
		got, err := store.Find(ctx, who.tenant, who.owner, "r0")
		require.NoError(t, err)
		require.Nil(t, got)
		chain, err := store.Chain(ctx, who.tenant, who.owner, "r2", 1<<20)
		require.NoError(t, err)
		require.Empty(t, chain)
		found, err := store.Holding(ctx, who.tenant, who.owner, []string{"msg_r1"})
		require.NoError(t, err)
		require.Empty(t, found)
		gone, err := store.Forget(ctx, who.tenant, who.owner, "r0")
		require.NoError(t, err)
		require.False(t, gone)
	}

	require.NoError(t, site.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		var plain bool
		err := tx.QueryRow(ctx, `SELECT bool_or(position('input of'::bytea IN input) > 0 OR position('"id"'::bytea IN response) > 0) FROM responses`).Scan(&plain)
		require.False(t, plain, "what is kept is sealed")
		return err
	}))

	gone, err := store.Forget(ctx, tenant, "user:u", "r0")
	require.NoError(t, err)
	require.True(t, gone)
	_, err = store.Chain(ctx, tenant, "user:u", "r2", 1<<20)
	require.Equal(t, 404, dcoder.AsError(err).Status, "the beginning is gone")
	require.Equal(t, "previous_response_id", dcoder.AsError(err).Field)
}

func TestExpiredResponsesAreGoneAndSweptInBatches(t *testing.T) {
	site := postgrestest.New(t)
	tenant := site.NewTenant()
	store, ctx := postgres.NewResponses(site.Databases), t.Context()
	require.NoError(t, store.Keep(ctx, tenant, stored("key:k", "old", "", -time.Second)))
	require.NoError(t, store.Keep(ctx, tenant, stored("key:k", "new", "", time.Hour)))
	got, err := store.Find(ctx, tenant, "key:k", "old")
	require.NoError(t, err)
	require.Nil(t, got)
	gone, err := store.Forget(ctx, tenant, "key:k", "old")
	require.NoError(t, err)
	require.False(t, gone)
	require.NoError(t, site.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO responses SELECT owner, id || n, previous, items, bytes, input, response, created, expires FROM responses, generate_series(1, 1100) n WHERE id = 'old'`)
		return err
	}))
	require.NoError(t, site.Sweep(ctx, 0))
	var left []string
	require.NoError(t, site.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT id FROM responses")
		require.NoError(t, err)
		left, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	require.Equal(t, []string{"new"}, left)
	require.Error(t, store.Keep(ctx, tenant, stored("key:k", "self", "self", time.Hour)))
}
