package auth_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// house is a platform with real stores, in which a test runs several processes.
type house struct {
	t       *testing.T
	site    *postgrestest.Site
	client  goredis.UniversalClient
	peppers *auth.Peppers
	keys    *postgres.Keys
	ahead   atomic.Int64 // what keepers' clocks are ahead by
}

func newHouse(t *testing.T) *house {
	t.Helper()
	client, err := redis.Open(stacktest.Env(t).RedisURL)
	require.NoError(t, err)
	return houseOn(t, client)
}

func houseOn(t *testing.T, client goredis.UniversalClient) *house {
	t.Helper()
	t.Cleanup(func() { _ = client.Close() })
	site := postgrestest.New(t, func(o *postgres.Options) { o.Generations = redis.NewShelf(client) })
	return &house{t: t, site: site, client: client, peppers: newPeppers(t), keys: postgres.NewKeys(site.Databases)}
}

func newPeppers(t *testing.T) *auth.Peppers {
	t.Helper()
	text, err := auth.NewPeppers()
	require.NoError(t, err)
	p, err := auth.ParsePeppers(text)
	require.NoError(t, err)
	return p
}

// keeper starts another process.
func (h *house) keeper(change ...func(*auth.Options)) *auth.Keeper {
	o := auth.Options{
		Shelf: redis.NewShelf(h.client), Source: h.site.Databases, Sealer: h.site.Vault, Peppers: h.peppers,
		Now: func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) },
	}
	for _, c := range change {
		c(&o)
	}
	return auth.NewKeeper(o)
}

// wait lets the keepers' clocks go on.
func (h *house) wait(d time.Duration) { h.ahead.Add(int64(d)) }

// key makes a virtual key and returns its id and text.
func (h *house) key(tenant string, change ...func(*dcoder.VirtualKey)) (id, text string) {
	h.t.Helper()
	k := dcoder.VirtualKey{ID: dcoder.NewKeyID(), Name: "test", Role: dcoder.RoleTenantAdmin, Created: time.Now().UTC()}
	for _, c := range change {
		c(&k)
	}
	issued, hashed := h.peppers.Issue(tenant, k.ID)
	require.NoError(h.t, h.keys.Create(h.t.Context(), tenant, k, hashed, nil))
	return k.ID, issued.Text
}

func request(text string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/v1/keys", nil)
	if text != "" {
		r.Header.Set("Authorization", "Bearer "+text)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// status is what a request is answered as far as its identity goes: 200, or the
// error's status.
func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return dcoder.AsError(err).Status
}

// managed asks as a route of our own does.
func (h *house) managed(k *auth.Keeper, r *http.Request) int {
	_, _, err := k.Identify(h.t.Context(), r, false)
	return status(err)
}

// admitted asks as a model route does: identified with what is at hand, then
// proved by the generations that the ledger returns.
func (h *house) admitted(k *auth.Keeper, r *http.Request) int {
	h.t.Helper()
	ctx, p, err := k.Identify(h.t.Context(), r, true)
	if err != nil {
		return status(err)
	}
	_, m, err := redis.NewShelf(h.client).Get(ctx, p.Tenant, p.Key)
	require.NoError(h.t, err)
	_, err = k.Fresh(ctx, auth.SnapshotOf(ctx), m.TenantGen, m.KeyGen, m.Dirty)
	return status(err)
}
