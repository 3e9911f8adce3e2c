package settings_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/functions/settings"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

type stand struct {
	*wiringtest.Platform
	door               *wiringtest.Door
	tenant, key, admin string
}

func newStand(t *testing.T) *stand {
	t.Helper()
	p := wiringtest.New(t)
	s := &stand{Platform: p, door: p.Serve(settings.New(settings.Deps{
		Guards: postgres.NewGuards(p.Databases), Cache: postgres.NewCacheRulebook(p.Databases), Voids: redis.NewAnswers(p.Redis),
	})), tenant: p.NewTenant()}
	s.key, s.admin = p.Key(s.tenant, dcoder.RoleTenantAdmin)
	return s
}

func (s *stand) guard(t *testing.T, key string) dcoder.GuardPolicy {
	t.Helper()
	snap, err := s.Databases.Build(t.Context(), s.tenant, key)
	require.NoError(t, err)
	return snap.Guard
}

func TestModesOfTenantAndKey(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	require.Equal(t, dcoder.GuardPolicy{Secrets: "alert", PII: "alert", Injection: "alert"}, s.guard(t, s.key), "a new tenant's")

	s.door.Ask(s.admin, "PUT", "/v1/policies/guardrails/mode", `{"mode":"mask","injection":"block","tools":{"deny":["shell*"]}}`).Into(200, nil)
	s.door.Ask(s.admin, "PUT", "/v1/policies/guardrails/mode", fmt.Sprintf(`{"key":%q,"secrets":"off"}`, s.key)).Into(200, nil)
	want := dcoder.GuardPolicy{Secrets: "off", PII: "mask", Injection: "block", Tools: &dcoder.ToolPolicy{Deny: []string{"shell*"}}}
	require.Equal(t, want, s.guard(t, s.key))
	other, _ := s.Key(s.tenant, dcoder.RoleMember)
	require.Equal(t, dcoder.GuardMask, s.guard(t, other).Secrets)

	var got struct {
		Tenant dcoder.GuardPolicy
		Keys   map[string]dcoder.GuardPolicy
	}
	s.door.Ask(s.admin, "GET", "/v1/policies/guardrails", nil).Into(200, &got)
	assert.Equal(t, dcoder.GuardMask, got.Tenant.PII)
	assert.Equal(t, dcoder.GuardOff, got.Keys[s.key].Secrets)
	assert.Equal(t, []string{"guardrails.set"}, s.Audited(s.tenant, "guardrails", s.key))
}

func TestWrongPoliciesChangeNothing(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for field, body := range map[string]string{
		"mode": `{}`, "secrets": `{"secrets":"loud"}`, "tools.allow[1]": `{"tools":{"allow":["ok","no spaces"]}}`,
	} {
		_, named := s.door.Ask(s.admin, "PUT", "/v1/policies/guardrails/mode", body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	s.door.Ask(s.admin, "PUT", "/v1/policies/guardrails/mode", `{"mode":"off","key":"k99999999999"}`).Refused(404)
	_, member := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(member, "PUT", "/v1/policies/guardrails/mode", `{"mode":"off"}`).Refused(403)
	s.door.Ask(member, "GET", "/v1/policies/guardrails", nil).Refused(403)
	assert.Equal(t, dcoder.GuardAlert, s.guard(t, s.key).Secrets)
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	in := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for field, body := range map[string]string{
		"scope":     `{"scope":"world","reason":"a good reason","expiresAt":"` + in + `"}`,
		"expiresAt": `{"scope":"tenant","reason":"a good reason","expiresAt":"2020-01-01T00:00:00Z"}`,
		"reason":    `{"scope":"tenant","reason":"short","expiresAt":"` + in + `"}`,
	} {
		_, named := s.door.Ask(s.admin, "POST", "/v1/policies/overrides", body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	var made dcoder.GuardOverride
	s.door.Ask(s.admin, "POST", "/v1/policies/overrides", `{"scope":"key:`+s.key+`","category":"pii","reason":"migration of test data","expiresAt":"`+in+`"}`).Into(201, &made)
	assert.Equal(t, dcoder.GuardAlert, made.Mode)
	assert.Equal(t, s.key, made.Actor)
	require.Len(t, s.guard(t, s.key).Overrides, 1)
	other, _ := s.Key(s.tenant, dcoder.RoleMember)
	require.Empty(t, s.guard(t, other).Overrides)

	var page struct{ Items []dcoder.GuardOverride }
	s.door.Ask(s.admin, "GET", "/v1/policies/overrides", nil).Into(200, &page)
	require.Len(t, page.Items, 1)
	s.door.Ask(s.admin, "DELETE", "/v1/policies/overrides/"+made.ID, nil).Into(204, nil)
	s.door.Ask(s.admin, "DELETE", "/v1/policies/overrides/"+made.ID, nil).Refused(404)
	require.Empty(t, s.guard(t, s.key).Overrides)
	assert.Equal(t, []string{"override.created", "override.deleted"}, s.Audited(s.tenant, "override", made.ID))
}
