package tenants_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/functions/tenants"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/temporal"
	"github.com/d-coder-ai/dcoder/workflows/onboarding"
)

type stand struct {
	*wiringtest.Platform
	t        *testing.T
	temporal client.Client
	door     *wiringtest.Door
	owner    string
}

// newStand serves the function over a real Temporal; with a worker, or without
// one, so that no workflow gets on.
func newStand(t *testing.T, worker bool) *stand {
	t.Helper()
	p := wiringtest.New(t)
	at := temporal.Options{Address: stacktest.Env(t).TemporalAddress, TaskQueue: "test-" + dcoder.NewID()}
	c, err := temporal.NewClient(at)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	patience := 30 * time.Second
	if worker {
		broker := nats.New(nats.Config{URL: stacktest.OwnNATS(t).URL(), Prefix: stacktest.NATSPrefix(t)})
		t.Cleanup(broker.Close)
		w := temporal.NewWorker(c, at)
		onboarding.Register(w, onboarding.Deps{
			Provisioner: p.Provisioner, Counters: redis.NewLedger(redis.Config{Client: p.Redis}), Publisher: broker,
		})
		require.NoError(t, w.Start())
		t.Cleanup(w.Stop)
	} else {
		patience = 3 * time.Second
	}
	s := &stand{Platform: p, t: t, temporal: c, owner: p.Owner()}
	t.Cleanup(s.dropAll)
	s.door = p.Serve(tenants.New(tenants.Deps{
		Store: postgres.NewTenants(p.Databases), Onboarder: temporal.NewOnboarder(c, at), Issuer: p.Peppers, Patience: patience,
	}))
	return s
}

func (s *stand) dropAll() {
	_ = s.EachTenant(context.Background(), func(tenant string) error {
		assert.NoError(s.t, s.Provisioner.Drop(context.Background(), tenant))
		return nil
	})
}

type created struct {
	dcoder.Tenant
	AdminKey struct{ ID, Secret string }
}

func TestATenantsLife(t *testing.T) {
	t.Parallel()
	s := newStand(t, true)
	var c created
	a := s.door.Ask(s.owner, "POST", "/v1/tenants", map[string]any{"name": "Acme & Söhne", "timezone": "Europe/Berlin", "currency": "EUR"},
		dcoder.HeaderIdempotencyKey, "one")
	a.Into(201, &c)
	assert.Equal(t, "/v1/tenants/"+c.ID, a.Header.Get("Location"))
	assert.Equal(t, dcoder.StateActive, c.State)
	assert.Equal(t, dcoder.DefaultPolicies(), c.Policies)
	again := s.door.Ask(s.owner, "POST", "/v1/tenants", map[string]any{"name": "Acme & Söhne", "timezone": "Europe/Berlin", "currency": "EUR"},
		dcoder.HeaderIdempotencyKey, "one")
	assert.JSONEq(t, a.Body, again.Body)
	assert.NotContains(t, s.workflowInput(c.ID), c.AdminKey.Secret)

	admin := c.AdminKey.Secret
	var page struct{ Items []dcoder.Tenant }
	s.door.Ask(admin, "GET", "/v1/tenants", nil).Into(200, &page)
	assert.Equal(t, []dcoder.Tenant{c.Tenant}, page.Items, "its own only")
	other := s.NewTenant()
	s.door.Ask(admin, "GET", "/v1/tenants/"+other, nil).Refused(404)
	s.door.Ask(admin, "POST", "/v1/tenants", map[string]any{"name": "Mine"}).Refused(403)
	s.door.Ask(s.owner, "GET", "/v1/tenants?limit=1", nil).Into(200, &page)
	assert.Len(t, page.Items, 1)

	var changed dcoder.Tenant
	s.door.Ask(s.owner, "PATCH", "/v1/tenants/"+c.ID, map[string]any{"name": "Acme", "policies": map[string]any{"redisDown": "open", "cache": map[string]any{"semantic": "off"}}}).Into(200, &changed)
	assert.Equal(t, "Acme", changed.Name)
	want := dcoder.DefaultPolicies()
	want.RedisDown, want.Cache.Semantic = "open", "off"
	assert.Equal(t, want, changed.Policies, "what was not named stays")
	s.door.Ask(s.owner, "PATCH", "/v1/tenants/"+c.ID, map[string]any{"policies": map[string]any{"redisDown": "ajar"}}).Refused(400)

	s.door.Ask(s.owner, "POST", "/v1/tenants/"+c.ID+"/suspend", map[string]any{"reason": "unpaid"}).Into(200, nil)
	s.soon(admin, c.ID, 403)
	s.door.Ask(s.owner, "POST", "/v1/tenants/"+c.ID+"/suspend", nil).Into(200, nil)
	s.door.Ask(s.owner, "POST", "/v1/tenants/"+c.ID+"/resume", nil).Into(200, nil)
	s.soon(admin, c.ID, 200)
	s.door.Ask(s.owner, "POST", "/v1/tenants/"+dcoder.NewTenantID()+"/suspend", nil).Refused(404)
	assert.Equal(t, []string{"tenant.reserved", "tenant.created", "tenant.updated", "tenant.suspended", "tenant.resumed"},
		s.Audited(dcoder.PlatformTenant, "tenant", c.ID))
	assert.Equal(t, []string{"key.created"}, s.Audited(c.ID, "key", c.AdminKey.ID))
}

func (s *stand) soon(key, tenant string, status int) {
	s.t.Helper()
	require.EventuallyWithT(s.t, func(c *assert.CollectT) {
		assert.Equal(c, status, s.door.Ask(key, "GET", "/v1/tenants/"+tenant, nil).Status)
	}, 5*time.Second, 20*time.Millisecond)
}

// workflowInput is what the catalogue and the audit log hold of the tenant's making.
func (s *stand) workflowInput(tenant string) string {
	var all string
	require.NoError(s.t, s.ReadControl(s.t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(s.t.Context(), `SELECT (SELECT json_agg(a)::text FROM audit_log a) || (SELECT json_agg(x)::text FROM tenants x WHERE id = $1)`, tenant).Scan(&all)
	}))
	return all
}

func TestATenantThatTakesLongIsAnswered202(t *testing.T) {
	t.Parallel()
	s := newStand(t, false)
	a := s.door.Ask(s.owner, "POST", "/v1/tenants", map[string]any{"name": "Slow"})
	var c created
	a.Into(202, &c)
	assert.Equal(t, "/v1/tenants/"+c.ID, a.Header.Get("Location"))
	assert.Equal(t, dcoder.StateProvisioning, c.State)
	assert.NotEmpty(t, c.AdminKey.Secret)
	require.NoError(t, s.temporal.TerminateWorkflow(t.Context(), dcoder.OnboardingID(c.ID), "", "end of the test"))
}

func TestTenantsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	s := newStand(t, false)
	names := []string{
		"", "'; DROP TABLE tenants; --", "../../etc/passwd", strings.Repeat("x", 500), "A\u202eB", "A\u200bB", "\u0430cme", "<script>", "a\u0000b",
	}
	for _, name := range names {
		raw, err := json.Marshal(map[string]string{"name": name})
		require.NoError(t, err)
		_, field := s.door.Ask(s.owner, "POST", "/v1/tenants", string(raw)).Refused(400)
		assert.Equal(t, "name", field, "%q", name)
	}
	for field, body := range map[string]string{
		"timezone": `{"name":"x","timezone":"Mars/Olympus"}`, "currency": `{"name":"x","currency":"usd"}`,
		"platform": `{"name":"x","platform":"../x"}`, "plan": `{"name":"x","plan":"gold"}`, "id": `{"name":"x","id":"mine"}`,
	} {
		_, named := s.door.Ask(s.owner, "POST", "/v1/tenants", body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	_, named := s.door.Ask(s.owner, "POST", "/v1/tenants", `{"name":"x"}`, dcoder.HeaderTenant, dcoder.NewTenantID()).Refused(400)
	assert.Equal(t, dcoder.HeaderTenant, named)
	var page struct{ Items []dcoder.Tenant }
	s.door.Ask(s.owner, "GET", "/v1/tenants", nil).Into(200, &page)
	assert.Empty(t, page.Items)
}
