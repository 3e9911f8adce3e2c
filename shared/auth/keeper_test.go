package auth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

func TestAKeyIsGoodFromItsFirstMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	k := h.keeper()
	for range 3 {
		_, text := h.key(tenant)
		assert.Equal(t, 200, h.managed(k, request(text)))
		assert.Equal(t, 200, h.admitted(k, request(text)))
		assert.Equal(t, 200, h.managed(k, request("", "x-api-key", text)))
	}
}

func TestKeysThatAreNotGood(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	_, text := h.key(tenant)
	expiring, expired := h.key(tenant, func(k *dcoder.VirtualKey) { k.Expires = time.Now().Add(-time.Second) })
	other := virtualkey.New(tenant, expiring).Text // right id, wrong secret
	k := h.keeper()
	for name, r := range map[string]*http.Request{
		"none": request(""), "malformed": request(text[:len(text)-1]), "not a key": request("sk-proj-1"),
		"basic": request("", "Authorization", "Basic "+text), "expired": request(expired), "wrong secret": request(other),
		"unknown id": request(virtualkey.New(tenant, dcoder.NewKeyID()).Text), "unknown tenant": request(virtualkey.New(dcoder.NewTenantID(), dcoder.NewKeyID()).Text),
		"unknown platform key": request(virtualkey.New(dcoder.PlatformTenant, dcoder.NewKeyID()).Text),
	} {
		for range 2 {
			for _, admitted := range []bool{false, true} {
				_, _, err := k.Identify(t.Context(), r, admitted)
				e := dcoder.AsError(err)
				require.NotNil(t, e, name)
				assert.Equal(t, 401, e.Status, "%s: %v", name, err)
				assert.Equal(t, "invalid_api_key", e.Code, "never says which")
				assert.NotContains(t, e.Error(), text)
			}
		}
	}
}

func TestUnknownTenantsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	unknown := dcoder.NewTenantID()
	assert.Equal(t, 401, h.managed(h.keeper(), request(virtualkey.New(unknown, dcoder.NewKeyID()).Text)))
	left, err := h.client.Keys(t.Context(), "{"+unknown+"}*").Result()
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestAChangeIsSeenByTheNextRequestOfEveryProcess(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	processes := []*auth.Keeper{h.keeper(), h.keeper()}
	expect := func(want int, when string) {
		t.Helper()
		for i, k := range processes {
			assert.Equal(t, want, h.admitted(k, request(text)), "%s: process %d, model route", when, i)
			h.wait(time.Second) // what management routes may be behind
			assert.Equal(t, want, h.managed(k, request(text)), "%s: process %d, management route", when, i)
		}
	}
	tenants := postgres.NewTenants(h.site.Databases)
	expect(200, "new")
	for range 5 {
		_, err := h.keys.Block(t.Context(), tenant, id)
		require.NoError(t, err)
		expect(401, "blocked")
		_, err = h.keys.Unblock(t.Context(), tenant, id)
		require.NoError(t, err)
		expect(200, "unblocked")
		_, err = tenants.Suspend(t.Context(), tenant, "unpaid")
		require.NoError(t, err)
		expect(403, "suspended")
		_, err = tenants.Resume(t.Context(), tenant)
		require.NoError(t, err)
		expect(200, "resumed")
	}
	require.NoError(t, h.keys.Delete(t.Context(), tenant, id))
	expect(401, "deleted")
}

func TestARunningStreamHearsOfARevocation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	k := h.keeper()
	ctx, _, err := k.Identify(t.Context(), request(text), true)
	require.NoError(t, err)
	snap := auth.SnapshotOf(ctx)
	_, err = h.keys.Block(t.Context(), tenant, id)
	require.NoError(t, err)
	_, err = k.Fresh(ctx, snap, snap.TenantGen, snap.KeyGen+1, true)
	assert.Equal(t, 401, status(err))
	_, err = k.Fresh(t.Context(), snap, snap.TenantGen, snap.KeyGen+1, true)
	assert.Equal(t, 401, status(err), "without what the request brought")
}

func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	id, old := h.key(tenant)
	k := h.keeper()
	require.Equal(t, 200, h.managed(k, request(old)))
	issued, hashed := h.peppers.Issue(tenant, id)
	now := time.Now().UTC()
	_, err := h.keys.Rotate(t.Context(), tenant, id, hashed, now, now.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, 200, h.admitted(k, request(issued.Text)), "the new one at once")
	assert.Equal(t, 200, h.admitted(k, request(old)), "the old one for a while")
	h.wait(time.Minute)
	assert.Equal(t, 200, h.admitted(k, request(issued.Text)))
	assert.Equal(t, 401, h.admitted(k, request(old)), "the old one after its while")
}

func TestHeadersProveNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	mine, other := h.site.NewTenant(), h.site.NewTenant()
	_, text := h.key(mine)
	_, service := h.key(mine, func(k *dcoder.VirtualKey) { k.Role = dcoder.RoleService })
	_, owner := h.key(dcoder.PlatformTenant, func(k *dcoder.VirtualKey) { k.Role = dcoder.RolePlatformOwner })
	k := h.keeper()
	identify := func(text string, headers ...string) (*dcoder.Principal, error) {
		_, p, err := k.Identify(t.Context(), request(text, headers...), false)
		return p, err
	}
	p, err := identify(text, dcoder.HeaderTenant, mine, dcoder.HeaderPlatform, dcoder.DefaultPlatform, dcoder.HeaderUser, "somebody")
	require.NoError(t, err)
	assert.Equal(t, mine, p.Tenant)
	assert.Empty(t, p.EndUser, "only a service speaks for others")
	_, err = identify(text, dcoder.HeaderTenant, other)
	assert.Equal(t, 403, status(err))
	_, err = identify(text, dcoder.HeaderPlatform, "another-brand")
	assert.Equal(t, 403, status(err))

	p, err = identify(service, dcoder.HeaderUser, "somebody")
	require.NoError(t, err)
	assert.Equal(t, "somebody", p.EndUser)
	assert.Equal(t, auth.Permissions(dcoder.RoleService, nil), p.Permissions)
	_, err = identify(service, dcoder.HeaderUser, strings.Repeat("x", 129))
	assert.Equal(t, 400, status(err))

	p, err = identify(owner, dcoder.HeaderTenant, other)
	require.NoError(t, err)
	assert.Equal(t, other, p.Tenant, "the owner chooses")
	assert.False(t, p.May(dcoder.ModelsUse))
	_, err = identify(owner, dcoder.HeaderTenant, "../x")
	assert.Equal(t, 400, status(err))
}

func TestSnapshotsAreSealedOutsideTheProcess(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tenant := h.site.NewTenant()
	id, text := h.key(tenant)
	_, err := postgres.NewProviders(h.site.Databases).Put(t.Context(), tenant,
		dcoder.Provider{Name: "openai", Dialect: "openai", BaseURL: "https://api.openai.com/v1"}, "sk-canary")
	require.NoError(t, err)
	ctx, _, err := h.keeper().Identify(t.Context(), request(text), false)
	require.NoError(t, err)
	assert.Equal(t, "sk-canary", auth.SnapshotOf(ctx).Providers["openai"].Secret)
	raw, err := h.client.Get(t.Context(), "{"+tenant+"}:snap:"+id).Result()
	require.NoError(t, err)
	assert.NotContains(t, raw, "sk-canary")
	assert.NotContains(t, raw, "openai")
}
