package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

// The shelf is shared by versions of the program that run side by side: a snapshot
// of one that this program does not know is built again, never trusted.
func TestASnapshotOfAnotherVersionIsBuiltAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	require.Equal(t, 200, h.managed(h.keeper(), request(text)))
	shelf, object := redis.NewShelf(h.client), "snapshot/"+id
	sealed, marks, err := shelf.Get(t.Context(), tenant, id)
	require.NoError(t, err)
	require.NotEmpty(t, sealed)
	plain, err := h.site.Vault.Open(t.Context(), tenant, object, sealed)
	require.NoError(t, err)
	for version, want := range map[int]int{1: 403, 0: 200, 2: 200} {
		var s dcoder.Snapshot
		require.NoError(t, json.Unmarshal(plain, &s))
		s.V, s.Tenant.State = version, dcoder.StateSuspended // what a reader would believe
		raw, err := json.Marshal(s)
		require.NoError(t, err)
		other, err := h.site.Vault.Seal(t.Context(), tenant, object, raw)
		require.NoError(t, err)
		require.NoError(t, shelf.Put(t.Context(), tenant, id, marks, other, time.Minute))
		assert.Equal(t, want, h.managed(h.keeper(), request(text)), "version %d", version)
	}
}
