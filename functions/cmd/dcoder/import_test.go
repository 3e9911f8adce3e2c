package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/access"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/functions/quota"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// onTenant gives the commands the API of a platform of the test's own.
func onTenant(t *testing.T) (*wiringtest.Door, string) {
	t.Helper()
	p := wiringtest.New(t)
	door := p.Serve(
		access.New(access.Deps{
			Keys: postgres.NewKeys(p.Databases), Providers: postgres.NewProviders(p.Databases), Aliases: postgres.NewAliases(p.Databases),
			Prices: postgres.NewPrices(p.Databases), Issuer: p.Peppers, Dialects: []string{"anthropic", "google", "groq", "openai"},
		}),
		quota.New(quota.Deps{Store: postgres.NewLimits(p.Databases)}),
	)
	_, admin := p.Key(p.NewTenant(), dcoder.RoleTenantAdmin)
	for name, value := range map[string]string{
		"DCODER_BASE_URL": door.URL, "DCODER_API_KEY": admin,
		"OPENAI_API_KEY": "sk-first", "ANTHROPIC_API_KEY": "sk-second", "NOT_SET": "",
	} {
		t.Setenv(name, value)
	}
	return door, admin
}

func TestImportOfALiteLLMConfig(t *testing.T) {
	door, admin := onTenant(t)
	file := filepath.Join("litellm", "testdata", "config.yaml")
	keys := filepath.Join("litellm", "testdata", "keys.json")
	var aliases struct{ Items []dcoder.Alias }
	for _, run := range []struct {
		golden string
		flags  []string
	}{{"dry.txt", []string{"-dry-run"}}, {"first.txt", nil}, {"again.txt", nil}} {
		code, out, said := execute(t, append(append([]string{"import", "litellm", "-keys", keys}, run.flags...), file)...)
		require.Zero(t, code, said)
		golden(t, filepath.Join("litellm", "testdata", run.golden), out+"\n")
		for _, secret := range []string{"sk-in-the-file", "sk-first", "sk-second", "sk-secret-master"} {
			assert.NotContains(t, out+said, secret)
		}
		door.Ask(admin, "GET", "/v1/aliases", nil).Into(200, &aliases)
		if run.golden == "dry.txt" {
			require.Empty(t, aliases.Items)
		}
	}
	require.Len(t, aliases.Items, 3)
	assert.Equal(t, "big", aliases.Items[0].Alias)
	assert.Equal(t, []dcoder.Target{
		{Provider: "openai", Model: "gpt-4o", Weight: 1000},
		{Provider: "openai-2", Model: "gpt-4o", Weight: 500},
		{Provider: "anthropic", Model: "claude-opus-4-7"},
	}, aliases.Items[0].Targets)
	var limits struct{ Items []dcoder.Limit }
	door.Ask(admin, "GET", "/v1/quotas", nil).Into(200, &limits)
	require.Len(t, limits.Items, 1)
	assert.EqualValues(t, 12_500_000, limits.Items[0].Max)
}

func TestImportOfPrices(t *testing.T) {
	door, admin := onTenant(t)
	door.Ask(admin, "PUT", "/v1/providers/groq", `{"dialect":"groq","baseUrl":"https://api.example.com/v1","secret":"x","models":["m"]}`).Into(200, nil)
	file := filepath.Join(t.TempDir(), "prices.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"groq/m":{"litellm_provider":"groq","mode":"chat","input_cost_per_token":1e-07,"output_cost_per_token":2e-07}}`), 0o600))
	code, out, said := execute(t, "prices", "import", "-version", "v1", file)
	require.Zero(t, code, said)
	assert.Contains(t, out, `"taken":[{"provider":"groq","model":"m"`)
	var p struct{ Price dcoder.Price }
	door.Ask(admin, "GET", "/v1/prices/groq/m", nil).Into(200, &p)
	assert.Equal(t, dcoder.Price{Input: 100_000, Output: 200_000, Version: "v1"}, p.Price)
	code, _, said = execute(t, "prices", "import", "-format", "excel", file)
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "format")
}

func TestImportsThatCannotBe(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(broken, []byte("model_list: 7"), 0o600))
	for _, args := range [][]string{{"import", "litellm", broken}, {"import", "litellm", "absent.yaml"}, {"prices", "import", broken}} {
		code, _, said := execute(t, args...)
		assert.Equal(t, 1, code, said)
	}
	code, _, _ := execute(t, "import", "litellm")
	assert.Equal(t, 2, code)
	t.Setenv("DCODER_BASE_URL", "")
	code, _, said := execute(t, "import", "litellm", filepath.Join("litellm", "testdata", "config.yaml"))
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "DCODER_BASE_URL")
}

// golden compares with a checked-in file; UPDATE_GOLDEN writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o600))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
