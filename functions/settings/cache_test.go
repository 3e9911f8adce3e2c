package settings_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

func (s *stand) cache(t *testing.T, key string) dcoder.CacheRules {
	t.Helper()
	snap, err := s.Databases.Build(t.Context(), s.tenant, key)
	require.NoError(t, err)
	return snap.Cache
}

func TestWhatIsCachedForTenantAndKey(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	require.Equal(t, dcoder.CacheRules{Mode: "on", TTLSeconds: 3600}, s.cache(t, s.key), "a new tenant's")

	s.door.Ask(s.admin, "PUT", "/v1/policies/cache", `{"ttlSeconds":60,"modelTtl":{"gpt-*":5,"o1":7},"maxTemperature":1}`).Into(200, nil)
	s.door.Ask(s.admin, "PUT", "/v1/policies/cache", `{"modelTtl":{"o1":0},"toolCalls":true}`).Into(200, nil)
	s.door.Ask(s.admin, "PUT", "/v1/policies/cache", fmt.Sprintf(`{"key":%q,"mode":"off"}`, s.key)).Into(200, nil)
	one, yes := 1.0, true
	want := dcoder.CacheRules{Mode: "on", TTLSeconds: 60, ModelTTL: map[string]int64{"gpt-*": 5}, MaxTemperature: &one, ToolCalls: &yes}
	other, _ := s.Key(s.tenant, dcoder.RoleMember)
	require.Equal(t, want, s.cache(t, other))
	want.Mode = "off"
	require.Equal(t, want, s.cache(t, s.key))

	var got struct {
		Tenant dcoder.CacheRules
		Keys   map[string]dcoder.CacheRules
	}
	s.door.Ask(s.admin, "GET", "/v1/policies/cache", nil).Into(200, &got)
	require.EqualValues(t, 60, got.Tenant.TTLSeconds)
	require.Equal(t, dcoder.CacheOff, got.Keys[s.key].Mode)
	require.Equal(t, []string{"cache.set"}, s.Audited(s.tenant, "cache", s.key))

	for body, field := range map[string]string{
		`{}`: "mode", `{"modelTtl":{"a b":1}}`: "modelTtl", `{"modelTtl":{"a":604801}}`: "modelTtl.a", `{"key":"none","mode":"off"}`: "",
	} {
		a := s.door.Ask(s.admin, "PUT", "/v1/policies/cache", body)
		require.GreaterOrEqual(t, a.Status, 400, body)
		require.Less(t, a.Status, 500, body)
		require.Contains(t, a.Body, field)
	}
	_, member := s.Key(s.tenant, dcoder.RoleMember)
	s.door.Ask(member, "PUT", "/v1/policies/cache", `{"mode":"off"}`).Refused(403)
	s.door.Ask(member, "POST", "/v1/cache/invalidate", `{"all":true}`).Refused(403)
}

func TestAnswersAreDeclaredVoid(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	shelf := redis.NewAnswers(s.Redis)
	voided := func(labels ...string) time.Time {
		at, err := shelf.Voided(t.Context(), s.tenant, labels)
		require.NoError(t, err)
		return at
	}
	require.Zero(t, voided("*", "n:openai"))
	var out struct{ Invalidated []string }
	s.door.Ask(s.admin, "POST", "/v1/cache/invalidate", `{"namespace":"openai","models":["gpt-4o"],"tags":["faq"],"sources":["doc-1"],"ttlOverride":9}`).Into(200, &out)
	require.Equal(t, []string{"m:gpt-4o", "n:openai", "s:doc-1", "t:faq"}, out.Invalidated)
	for _, l := range out.Invalidated {
		require.WithinDuration(t, time.Now(), voided(l), time.Minute, l)
	}
	require.Zero(t, voided("*", "n:anthropic", "t:other"))
	require.EqualValues(t, 9, s.cache(t, s.key).ModelTTL["gpt-4o"])
	first := voided("n:openai")
	s.door.Ask(s.admin, "POST", "/v1/cache/invalidate", `{"namespace":"openai"}`).Into(200, nil)
	require.True(t, voided("n:openai").After(first))
	s.door.Ask(s.admin, "POST", "/v1/cache/invalidate", `{}`).Refused(400)
	other := s.NewTenant()
	at, err := shelf.Voided(t.Context(), other, []string{"n:openai"})
	require.NoError(t, err)
	require.Zero(t, at, "of one tenant only")
	s.Redis.Del(t.Context(), "{"+s.tenant+"}:void", "{"+s.tenant+"}:voids")
}
