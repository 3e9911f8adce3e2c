package calls_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/access"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/functions/settings"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

// TestOneCallSetsWhatGuardrailsDo: the very next request is blocked, masked, or
// let through, in every process. What was masked may be masked once more.
func TestOneCallSetsWhatGuardrailsDo(t *testing.T) {
	const secret = "AKIA7Q3ZLM2XNCB4TWRD" // looks like one, and is nobody's
	const masked = "[masked:aws_access_key]"
	p := wiringtest.New(t)
	tenant := p.NewTenant()
	_, admin := p.Key(tenant, dcoder.RoleTenantAdmin)
	_, service := p.Key(tenant, dcoder.RoleService)
	var got atomic.Pointer[string]
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		text := string(raw)
		got.Store(&text)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}`)
	}))
	t.Cleanup(provider.Close)
	p.Serve(access.New(access.Deps{
		Keys: postgres.NewKeys(p.Databases), Providers: postgres.NewProviders(p.Databases), Aliases: postgres.NewAliases(p.Databases),
		Issuer: p.Peppers, Dialects: providers.Names(),
	})).Ask(admin, "PUT", "/v1/providers/openai", map[string]any{"dialect": "openai", "baseUrl": provider.URL + "/v1", "secret": "sk-simulator"}).Into(200, nil)
	manage := p.Serve(settings.New(settings.Deps{Guards: postgres.NewGuards(p.Databases)}))
	doors := []*wiringtest.Door{p.At(process(t, p)), p.At(process(t, p))}
	ask := func(d *wiringtest.Door) (wiringtest.Answer, string) {
		got.Store(new(string))
		a := d.Ask(service, "POST", "/v1/chat/completions", `{"model":"llm.openai.gpt-4o-mini","messages":[{"role":"user","content":"mine is `+secret+`"}]}`)
		return a, *got.Load()
	}
	for range 1 {
		for _, mode := range []string{"block", "off", "block", "alert", "block", "mask"} {
			manage.Ask(admin, "PUT", "/v1/policies/guardrails/mode", map[string]any{"mode": mode}).Into(200, nil)
			for _, d := range doors {
				a, sent := ask(d)
				switch mode {
				case "block":
					code, _ := a.Refused(400)
					require.Equal(t, "guardrail_blocked", code)
					require.Empty(t, sent, "nothing reached the provider")
				case "mask":
					a.Into(200, nil)
					require.Contains(t, sent, masked)
					require.NotContains(t, sent, secret)
				default:
					a.Into(200, nil)
					require.Contains(t, sent, secret, mode)
				}
			}
		}
	}
	require.True(t, strings.HasPrefix(p.Audited(tenant, "guardrails", "")[0], "guardrails."))
}
