package calls_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/access"
	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

// process serves chat as a process of its own does: its own ledger, its own memory
// of keys.
func process(t *testing.T, p *wiringtest.Platform) string {
	t.Helper()
	keeper := p.NewKeeper()
	ledger := redis.NewLedger(redis.Config{Client: p.Redis, Seeder: postgres.NewSeeder(p.Databases)})
	t.Cleanup(ledger.Close)
	doer := upstream.NewLean(upstream.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(doer.Close)
	m := llm.Chain(llm.Coats{Dialects: providers.All(doer, doer), Ledger: ledger, Fresh: keeper})
	h, err := function.NewHost(function.Wiring{Identifier: keeper, Authorizer: auth.Table{}}, chat.New(chat.Deps{Model: m}))
	require.NoError(t, err)
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// TestOneCallRepointsAnAlias: the next call sees it in every process; lists, which
// no ledger is asked for, within a second.
func TestOneCallRepointsAnAlias(t *testing.T) {
	p := wiringtest.New(t)
	tenant := p.NewTenant()
	_, admin := p.Key(tenant, dcoder.RoleTenantAdmin)
	_, service := p.Key(tenant, dcoder.RoleService)
	sim := httptest.NewServer(llmsim.New(llmsim.Config{Instant: true}).Handler())
	t.Cleanup(sim.Close)
	manage := p.Serve(access.New(access.Deps{
		Keys: postgres.NewKeys(p.Databases), Providers: postgres.NewProviders(p.Databases), Aliases: postgres.NewAliases(p.Databases),
		Issuer: p.Peppers, Dialects: providers.Names(),
	}))
	for name, path := range map[string]string{"openai": "/v1", "groq": "/openai/v1"} {
		manage.Ask(admin, "PUT", "/v1/providers/"+name, map[string]any{"dialect": name, "baseUrl": sim.URL + path, "secret": "sk-simulator-0123456789abcdef"}).Into(200, nil)
	}
	point := func(alias, provider, model string) {
		manage.Ask(admin, "PUT", "/v1/aliases/"+alias, map[string]any{"targets": []any{map[string]any{"provider": provider, "model": model}}}).Into(200, nil)
	}
	const mini, llama = "gpt-4o-mini", "llama-3.1-8b-instant"
	point("main", "openai", mini)
	doors := []*wiringtest.Door{p.At(process(t, p)), p.At(process(t, p))}
	served := func(d *wiringtest.Door) string {
		var out struct{ Model string }
		d.Ask(service, "POST", "/v1/chat/completions", `{"model":"main","messages":[{"role":"user","content":"hello"}]}`).Into(200, &out)
		return out.Model
	}
	for range 4 {
		for _, d := range doors {
			require.Contains(t, served(d), mini)
		}
		point("main", "groq", llama)
		for _, d := range doors {
			require.Contains(t, served(d), llama, "the very next call")
		}
		point("main", "openai", mini)
	}
	point("new", "groq", llama)
	begun := time.Now()
	for _, d := range doors {
		require.Eventually(t, func() bool {
			var list struct{ Data []struct{ ID string } }
			require.NoError(t, json.Unmarshal([]byte(d.Ask(service, "GET", "/v1/models", nil).Body), &list))
			for _, m := range list.Data {
				if m.ID == "new" {
					return true
				}
			}
			return false
		}, 5*time.Second, 10*time.Millisecond)
	}
	require.Less(t, time.Since(begun), 2*time.Second, "a second, and what a busy machine takes")
	require.Len(t, p.Audited(tenant, "alias", "main"), 9)
}
