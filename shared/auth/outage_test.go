package auth_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestWithRedisDownKeysAreStillKnown(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t)
	client, err := redis.Open(server.URL())
	require.NoError(t, err)
	h := houseOn(t, client)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	warm, cold := h.keeper(), h.keeper()
	require.Equal(t, 200, h.managed(warm, request(text)))
	server.Kill()

	_, err = h.keys.Block(t.Context(), tenant, id)
	assert.Equal(t, 503, status(err), "a revocation that nobody hears of is refused")
	_, _, err = warm.Identify(t.Context(), request(text), true)
	assert.Equal(t, 200, status(err), "from memory")
	assert.Equal(t, 200, h.managed(cold, request(text)), "from Postgres")
	assert.Equal(t, 401, h.managed(cold, request("dck_nonsense")))
	h.block(tenant, id)
	h.wait(time.Second)
	assert.Equal(t, 401, h.managed(warm, request(text)), "what Postgres says is the truth")
}

// block does what no process can while Redis is down: it changes the key unheard.
func (h *house) block(tenant, id string) {
	h.t.Helper()
	require.NoError(h.t, h.site.InTenant(h.t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(h.t.Context(), "UPDATE keys SET blocked = true WHERE id = $1", id)
		return err
	}))
}

func TestWhenRedisLostEverythingKeysAreReadAgain(t *testing.T) {
	t.Parallel()
	server := stacktest.OwnRedis(t)
	client, err := redis.Open(server.URL())
	require.NoError(t, err)
	h := houseOn(t, client)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	k := h.keeper()
	require.Equal(t, 200, h.admitted(k, request(text)))
	require.NoError(t, client.FlushAll(t.Context()).Err())
	h.block(tenant, id) // a change whose announcement was lost with the rest
	assert.Equal(t, 401, h.admitted(k, request(text)))
}

func TestWithPostgresDownTheSharedSnapshotSuffices(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	_, text := h.key(tenant)
	_, unread := h.key(tenant)
	first := h.keeper()
	require.Equal(t, 200, h.managed(first, request(text)))
	h.settled(tenant)
	require.Equal(t, 200, h.managed(h.keeper(), request(text))) // shelved while no change is under way

	gone := h.site.Open(func(o *postgres.Options) { o.ControlDSN = "postgres://nobody@127.0.0.1:1/none" })
	k := h.keeper(func(o *auth.Options) { o.Source = gone })
	assert.Equal(t, 200, h.managed(k, request(text)))
	assert.Equal(t, 200, h.admitted(k, request(text)))
	assert.Equal(t, 503, h.managed(k, request(unread)))
	assert.Equal(t, 401, h.managed(k, request("")))
	h.wait(time.Hour)
	assert.Equal(t, 200, h.admitted(k, request(text)), "an outage of an hour: it is still proved the newest")
	assert.Equal(t, 200, h.managed(k, request(text)))
	h.wait(4 * time.Hour)
	assert.Equal(t, 503, h.managed(k, request(text)), "an outage of five hours")
	require.NoError(t, k.Drain(t.Context()))
}

func TestAnOldSnapshotIsReadAgainBehindTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	k := h.keeper()
	h.settled(tenant)
	require.Equal(t, 200, h.admitted(k, request(text)))
	h.block(tenant, id) // a change whose generation Redis lost
	require.Equal(t, 200, h.admitted(k, request(text)))
	h.wait(5 * time.Minute)
	h.admitted(k, request(text))
	require.NoError(t, k.Drain(t.Context()))
	assert.Equal(t, 401, h.admitted(k, request(text)))
}

// settled waits until no change of the tenant is under way any more as far as
// Redis knows, by ending the mark that the change left.
func (h *house) settled(tenant string) {
	h.t.Helper()
	require.NoError(h.t, h.client.HDel(h.t.Context(), "{"+tenant+"}:gen", "d").Err())
	h.wait(2 * time.Second) // provisional snapshots in memory are over
}

func TestASnapshotReadDuringAChangeIsNotKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	require.NoError(t, redis.NewShelf(h.client).Changing(t.Context(), tenant, id))
	k := h.keeper()
	require.Equal(t, 200, h.admitted(k, request(text)))
	h.block(tenant, id) // commits; its process dies before it says so
	require.NoError(t, h.client.HDel(t.Context(), "{"+tenant+"}:gen", "d").Err())
	h.wait(time.Second)
	assert.Equal(t, 401, h.admitted(k, request(text)))
	assert.Equal(t, 401, h.admitted(h.keeper(), request(text)), "another process")
}

func TestPermissionsNeverWiden(t *testing.T) {
	all := auth.Permissions(dcoder.RoleTenantAdmin, nil)
	assert.Equal(t, []dcoder.Permission{dcoder.ModelsUse}, auth.Permissions(dcoder.RoleService, []dcoder.Permission{dcoder.ModelsUse, dcoder.KeysWrite}))
	assert.Empty(t, auth.Permissions("root", all))
	assert.NotContains(t, all, dcoder.TenantsWrite)
	for _, role := range auth.TenantRoles {
		assert.NotContains(t, auth.Permissions(role, nil), dcoder.TenantsWrite)
		assert.NotContains(t, auth.Permissions(role, nil), dcoder.EventsDeliver)
	}
}
