package access_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

type priced struct {
	Provider, Model string
	Price           dcoder.Price
}

func (s *stand) provider(name, dialect string, models ...string) {
	s.door.Ask(s.admin, "PUT", "/v1/providers/"+name, map[string]any{
		"dialect": dialect, "baseUrl": "https://api.example.com/v1", "secret": "sk-x", "models": models,
	}).Into(200, nil)
}

func TestAPricesLife(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	s.provider("groq", "groq")
	_, member := s.Key(s.tenant, dcoder.RoleMember)
	const path = "/v1/prices/groq/openai/gpt-oss-120b"
	body := `{"input":120000,"output":500000,"version":"contract-7","tiers":[{"tier":"batch","percent":40}]}`
	code, _ := s.door.Ask(member, "PUT", path, body).Refused(403)
	assert.Equal(t, "permission_denied", code)
	before := s.generation()
	var p priced
	s.door.Ask(s.admin, "PUT", path, body).Into(200, &p)
	assert.Equal(t, "openai/gpt-oss-120b", p.Model)
	assert.EqualValues(t, 120_000, p.Price.Input)
	assert.Greater(t, s.generation(), before, "every process hears of it")
	s.door.Ask(s.admin, "PUT", path, body).Into(200, nil)
	s.door.Ask(s.admin, "PUT", "/v1/prices/groq/new", `{"input":1,"output":2,"version":"v"}`).Into(200, nil)
	snap, err := s.Databases.Build(t.Context(), s.tenant, strings.Split(s.admin, "_")[2])
	require.NoError(t, err)
	assert.EqualValues(t, 500_000, snap.Prices["groq/openai/gpt-oss-120b"].Output, "and prices by it")

	var page struct {
		Items      []priced
		NextCursor string
	}
	s.door.Ask(s.admin, "GET", "/v1/prices?limit=1", nil).Into(200, &page)
	require.Len(t, page.Items, 1)
	assert.Equal(t, "new", page.Items[0].Model)
	s.door.Ask(s.admin, "GET", "/v1/prices?limit=1&cursor="+page.NextCursor, nil).Into(200, &page)
	assert.Equal(t, "openai/gpt-oss-120b", page.Items[0].Model)
	assert.Empty(t, page.NextCursor)

	s.door.Ask(s.admin, "GET", path, nil).Into(200, &p)
	s.door.Ask(s.admin, "DELETE", path, nil).Into(204, nil)
	s.door.Ask(s.admin, "GET", path, nil).Refused(404)
	s.door.Ask(s.admin, "DELETE", path, nil).Refused(404)
	assert.Equal(t, []string{"price.set", "price.deleted"},
		s.Audited(dcoder.PlatformTenant, "price", s.tenant+"/groq/openai/gpt-oss-120b"), "the second set changed nothing")
}

func (s *stand) generation() dcoder.Generation {
	s.door.T().Helper()
	marks, err := redis.NewShelf(s.Redis).Ensure(s.door.T().Context(), s.tenant, "any")
	require.NoError(s.door.T(), err)
	return marks.TenantGen
}

func TestPricesThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	s.provider("groq", "groq")
	for body, field := range map[string]string{
		`{"input":-1,"output":2,"version":"v"}`:                                                                  "input",
		`{"input":1,"output":2000000000000,"version":"v"}`:                                                       "output",
		`{"input":1,"output":2,"version":""}`:                                                                    "version",
		`{"input":1,"output":2,"version":"=1+1"}`:                                                                "version",
		`{"input":1,"output":2,"version":"v","long_from":-1}`:                                                    "long_from",
		`{"input":1,"output":2,"version":"v","tiers":[{"tier":"flex","percent":-5}]}`:                            "tiers",
		`{"input":1,"output":2,"version":"v","tiers":[{"tier":"flex","percent":5},{"tier":"flex","percent":6}]}`: "tiers",
		`{"input":1.5,"output":2,"version":"v"}`:                                                                 "input",
	} {
		_, named := s.door.Ask(s.admin, "PUT", "/v1/prices/groq/m", body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	_, named := s.door.Ask(s.admin, "PUT", "/v1/prices/nobody/m", `{"input":1,"output":2,"version":"v"}`).Refused(400)
	assert.Equal(t, "provider", named)
	_, named = s.door.Ask(s.admin, "PUT", "/v1/prices/groq/m*", `{"input":1,"output":2,"version":"v"}`).Refused(400)
	assert.Equal(t, "model", named)
	_, named = s.door.Ask(s.admin, "POST", "/v1/prices/import?format=excel", `{}`).Refused(400)
	assert.Equal(t, "format", named)
	_, named = s.door.Ask(s.admin, "POST", "/v1/prices/import?format=litellm", `[]`).Refused(400)
	assert.Equal(t, "body", named)
}

func TestImportOfPrices(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	s.provider("groq", "groq", "in-house", "llama-3.1-8b-instant")
	s.provider("openai", "openai")
	s.door.Ask(s.admin, "PUT", "/v1/aliases/fast", map[string]any{"targets": []map[string]any{{"provider": "openai", "model": "behind-an-alias"}}}).Into(200, nil)
	table := `{"groq/in-house":{"litellm_provider":"groq","mode":"chat","input_cost_per_token":1e-07,"output_cost_per_token":2e-07},
		"groq/llama-3.1-8b-instant":{"litellm_provider":"groq","mode":"chat","input_cost_per_token":5e-08,"output_cost_per_token":8e-08},
		"behind-an-alias":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":3e-07,"output_cost_per_token":4e-07},
		"not-offered":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":3e-07},
		"x":{"litellm_provider":"elsewhere","mode":"chat","input_cost_per_token":3e-07}}`
	type report struct {
		DryRun       bool
		Taken        []priced
		Same, Unused int
		NotTaken     []map[string]string
	}
	for _, dry := range []string{"true", "false"} {
		var r report
		s.door.Ask(s.admin, "POST", "/v1/prices/import?format=litellm&version=t1&dryRun="+dry, table).Into(200, &r)
		require.Len(t, r.Taken, 2, dry)
		assert.Equal(t, priced{"groq", "in-house", dcoder.Price{Input: 100_000, Output: 200_000, Version: "t1"}}, r.Taken[0])
		assert.Equal(t, "behind-an-alias", r.Taken[1].Model)
		assert.Equal(t, 1, r.Same, "as the catalogue has it")
		assert.Equal(t, 1, r.Unused)
		assert.Equal(t, []map[string]string{{"name": "x", "why": `no dialect serves the provider "elsewhere"`}}, r.NotTaken)
		assert.Equal(t, dry == "true", r.DryRun)
	}
	var again report
	s.door.Ask(s.admin, "POST", "/v1/prices/import?format=litellm&version=t1", table).Into(200, &again)
	assert.Empty(t, again.Taken)
	assert.Equal(t, 3, again.Same)

	genai, err := json.Marshal([]map[string]any{{"id": "openai", "models": []map[string]any{
		{"id": "gpt-4o", "match": map[string]any{"equals": "gpt-4o"}, "prices": map[string]any{"input_mtok": 9, "output_mtok": 10}},
	}}})
	require.NoError(t, err)
	var r report
	s.door.Ask(s.admin, "POST", "/v1/prices/import?format=genai-prices", string(genai)).Into(200, &r)
	require.Len(t, r.Taken, 1)
	assert.EqualValues(t, 9_000_000, r.Taken[0].Price.Input)
	assert.EqualValues(t, 16_384, r.Taken[0].Price.OutputMax, "what the table does not say stays")
	assert.Equal(t, []string{"price.set"}, s.Audited(dcoder.PlatformTenant, "price", s.tenant+"/"), "many at once are one change")
}
