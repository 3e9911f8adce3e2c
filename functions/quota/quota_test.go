package quota_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/functions/quota"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

type stand struct {
	*wiringtest.Platform
	door          *wiringtest.Door
	ledger        *redis.Ledger
	limits        *postgres.Limits
	approvals     *postgres.Approvals
	tenant, admin string
}

func newStand(t *testing.T) *stand {
	t.Helper()
	p := wiringtest.New(t)
	s := &stand{Platform: p, tenant: p.NewTenant()}
	s.ledger = redis.NewLedger(redis.Config{Client: p.Redis, Seeder: postgres.NewSeeder(p.Databases)})
	t.Cleanup(s.ledger.Close)
	require.NoError(t, s.ledger.Open(t.Context(), s.tenant))
	s.limits, s.approvals = postgres.NewLimits(p.Databases), postgres.NewApprovals(p.Databases)
	s.door = p.Serve(quota.New(quota.Deps{Store: s.limits, Approvals: s.approvals, Ledger: s.ledger}))
	_, s.admin = p.Key(s.tenant, dcoder.RoleTenantAdmin)
	return s
}

type page struct{ Items []dcoder.Limit }

func TestLimitsAreReplacedAtOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	var got page
	s.door.Ask(s.admin, "GET", "/v1/quotas", nil).Into(200, &got)
	assert.Empty(t, got.Items)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[
		{"scope":"tenant","metric":"money","window":"month","max":5000000,"alerts":[50,80,100]},
		{"scope":"key","metric":"requests","window":"minute","max":60},
		{"scope":"user","subject":"ann","metric":"tokens","window":"day","max":1000,"action":"alert"}]}`).Into(200, &got)
	want := []dcoder.Limit{
		{Scope: "key", Metric: "requests", Window: "minute", Max: 60, Action: "deny"},
		{Scope: "tenant", Metric: "money", Window: "month", Max: 5_000_000, Action: "alert", Alerts: []int{50, 80, 100}},
		{Scope: "user", Subject: "ann", Metric: "tokens", Window: "day", Max: 1000, Action: "alert"},
	}
	require.Len(t, got.Items, 3)
	for i := range want {
		if len(got.Items[i].Alerts) == 0 {
			got.Items[i].Alerts = nil
		}
	}
	assert.Equal(t, want, got.Items)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[]}`).Into(200, &got)
	assert.Empty(t, got.Items)
	assert.Equal(t, []string{"quota.set", "quota.set"}, s.Audited(s.tenant, "quota", s.tenant))
}

func TestWrongLimitsChangeNothing(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[{"scope":"tenant","metric":"tokens","window":"day","max":1}]}`).Into(200, nil)
	for field, body := range map[string]string{
		"limits":              `{}`,
		"limits[0].scope":     `{"limits":[{"scope":"world","metric":"tokens","window":"day","max":1}]}`,
		"limits[0].max":       `{"limits":[{"scope":"tenant","metric":"tokens","window":"day","max":-1}]}`,
		"limits[0].subject":   `{"limits":[{"scope":"tenant","subject":"x","metric":"tokens","window":"day","max":1}]}`,
		"limits[0].window":    `{"limits":[{"scope":"tenant","metric":"money","window":"minute","max":1}]}`,
		"limits[0].alerts[1]": `{"limits":[{"scope":"tenant","metric":"money","window":"day","max":1,"alerts":[80,50]}]}`,
		"limits[0].model":     `{"limits":[{"scope":"tenant","model":"a<b","metric":"tokens","window":"day","max":1}]}`,
		"limits[1]":           `{"limits":[{"scope":"tenant","metric":"tokens","window":"day","max":1},{"scope":"tenant","metric":"tokens","window":"day","max":2}]}`,
	} {
		_, named := s.door.Ask(s.admin, "PUT", "/v1/quotas", body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	var got page
	s.door.Ask(s.admin, "GET", "/v1/quotas", nil).Into(200, &got)
	assert.Len(t, got.Items, 1)
	_, member := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(member, "PUT", "/v1/quotas", `{"limits":[]}`).Refused(403)
	s.door.Ask("", "GET", "/v1/quotas", nil).Refused(401)
}

func TestWhatWasUsedIsShown(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.door.Ask(s.admin, "PUT", "/v1/quotas", `{"limits":[
		{"scope":"tenant","metric":"tokens","window":"day","max":100},
		{"scope":"key","metric":"tokens","window":"day","max":100}]}`).Into(200, nil)
	require.NoError(t, postgres.NewUsage(s.Databases).Write(t.Context(), s.tenant, []dcoder.UsageRecord{{
		V: 1, ID: dcoder.NewID(), Attempt: 1, Revision: 1, Time: time.Now().UTC(), Tenant: s.tenant, State: dcoder.UsageFinal,
		Tokens: dcoder.Tokens{Input: 30, Output: 12},
	}}))
	var got struct {
		Items []struct {
			dcoder.Limit
			Used, Remaining int64
			Reset           time.Time
			Source          string
		}
	}
	s.door.Ask(s.admin, "GET", "/v1/quotas/usage", nil).Into(200, &got)
	require.Len(t, got.Items, 1, "each key by itself has no one sum")
	assert.Equal(t, int64(42), got.Items[0].Used)
	assert.Equal(t, int64(58), got.Items[0].Remaining)
	assert.Equal(t, "rows", got.Items[0].Source, "the ledger has not counted here yet")
	assert.True(t, got.Items[0].Reset.After(time.Now()))
}
