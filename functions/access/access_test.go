package access_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/access"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

type stand struct {
	*wiringtest.Platform
	door   *wiringtest.Door
	tenant string
	admin  string
}

func newStand(t *testing.T, up access.Doer) *stand {
	t.Helper()
	p := wiringtest.New(t)
	s := &stand{Platform: p, tenant: p.NewTenant()}
	s.door = p.Serve(access.New(access.Deps{
		Keys: postgres.NewKeys(p.Databases), Providers: postgres.NewProviders(p.Databases), Aliases: postgres.NewAliases(p.Databases), Prices: postgres.NewPrices(p.Databases),
		Issuer: p.Peppers, Dialects: providers.Names(), Upstream: up, Probe: providers.Probes(up),
	}))
	_, s.admin = p.Key(s.tenant, dcoder.RoleTenantAdmin)
	return s
}

type made struct {
	dcoder.VirtualKey
	Secret string
}

func TestAKeysLife(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	var k made
	s.door.Ask(s.admin, "POST", "/v1/keys", map[string]any{
		"name": "CI", "user": "ann@example.com", "group": "platform", "role": "auditor", "scopes": []string{"keys.read"},
		"models": []string{"gpt-4o*"}, "expires": time.Now().Add(time.Hour), "limits": []map[string]any{{"metric": "tokens", "window": "day", "max": 1000}},
	}).Into(201, &k)
	assert.Equal(t, "CI", k.Name)
	assert.Equal(t, []string{"gpt-4o*"}, k.Models)
	var page struct{ Items []dcoder.VirtualKey }
	listed := s.door.Ask(k.Secret, "GET", "/v1/keys", nil)
	listed.Into(200, &page)
	assert.Len(t, page.Items, 3, "the first administrator's, the test's and the new one")
	assert.NotContains(t, listed.Body, k.Secret[len(k.Secret)-38:], "shown once")
	assert.Equal(t, k.VirtualKey, page.Items[2])
	code, _ := s.door.Ask(k.Secret, "POST", "/v1/keys", map[string]any{"name": "more"}).Refused(403)
	assert.Equal(t, "permission_denied", code, "its scopes narrow it")

	var second made
	s.door.Ask(s.admin, "POST", "/v1/keys/"+k.ID+"/rotate", map[string]any{"overlapSeconds": 60}).Into(200, &second)
	assert.NotEqual(t, k.Secret, second.Secret)
	assert.Equal(t, time.Minute, second.PreviousUntil.Sub(second.Rotated))
	s.door.Ask(second.Secret, "GET", "/v1/keys/"+k.ID, nil).Into(200, nil)
	s.door.Ask(k.Secret, "GET", "/v1/keys/"+k.ID, nil).Into(200, nil)
	var third made
	s.door.Ask(s.admin, "POST", "/v1/keys/"+k.ID+"/rotate", map[string]any{"overlapSeconds": 0}).Into(200, &third)
	s.soon(func() int { return s.door.Ask(second.Secret, "GET", "/v1/keys", nil).Status }, 401)
	s.door.Ask(third.Secret, "GET", "/v1/keys", nil).Into(200, nil)

	s.door.Ask(s.admin, "POST", "/v1/keys/"+k.ID+"/block", nil).Into(200, nil)
	s.soon(func() int { return s.door.Ask(third.Secret, "GET", "/v1/keys", nil).Status }, 401)
	s.door.Ask(s.admin, "POST", "/v1/keys/"+k.ID+"/block", nil).Into(200, nil)
	s.door.Ask(s.admin, "POST", "/v1/keys/"+k.ID+"/unblock", nil).Into(200, nil)
	s.door.Ask(third.Secret, "GET", "/v1/keys", nil).Into(200, nil)
	s.door.Ask(s.admin, "DELETE", "/v1/keys/"+k.ID, nil).Into(204, nil)
	s.door.Ask(s.admin, "GET", "/v1/keys/"+k.ID, nil).Refused(404)
	s.soon(func() int { return s.door.Ask(third.Secret, "GET", "/v1/keys", nil).Status }, 401)

	assert.Equal(t, []string{"key.created", "key.rotated", "key.rotated", "key.blocked", "key.unblocked", "key.deleted"},
		s.Audited(s.tenant, "key", k.ID), "one record a change; the second block changed nothing")
}

// soon waits until a change shows on a management route: within a second.
func (s *stand) soon(got func() int, want int) {
	require.EventuallyWithT(s.door.T(), func(c *assert.CollectT) { assert.Equal(c, want, got()) }, 5*time.Second, 20*time.Millisecond)
}

func TestKeysThatCannotBeMade(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	for field, body := range map[string]string{
		"name":             `{"name":"'; DROP TABLE keys; --"}`,
		"user":             `{"name":"x","user":"../../x"}`,
		"group":            `{"name":"x","group":"` + strings.Repeat("g", 65) + `"}`,
		"role":             `{"name":"x","role":"platform_owner"}`,
		"scopes":           `{"name":"x","role":"member","scopes":["keys.write"]}`,
		"models[1]":        `{"name":"x","models":["gpt-4o","a*b"]}`,
		"expires":          `{"name":"x","expires":"2001-01-01T00:00:00Z"}`,
		"limits[0].window": `{"name":"x","limits":[{"metric":"money","window":"minute","max":1}]}`,
		"limits[0].max":    `{"name":"x","limits":[{"metric":"tokens","window":"day","max":-1}]}`,
		"limits[1]":        `{"name":"x","limits":[{"metric":"tokens","window":"day","max":1},{"metric":"tokens","window":"day","max":2}]}`,
		"body":             `{"name":`,
	} {
		_, named := s.door.Ask(s.admin, "POST", "/v1/keys", body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	var page struct{ Items []dcoder.VirtualKey }
	s.door.Ask(s.admin, "GET", "/v1/keys", nil).Into(200, &page)
	assert.Len(t, page.Items, 2, "nothing changed")
}

func TestNobodyGivesWhatHeHasNot(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	_, narrow := s.Key(s.tenant, dcoder.RoleTenantAdmin, func(k *dcoder.VirtualKey) {
		k.Scopes, k.Models = []dcoder.Permission{dcoder.KeysRead, dcoder.KeysWrite, dcoder.ModelsUse, dcoder.AliasesRead, dcoder.ApprovalsRequest}, []string{"gpt-4o*"}
	})
	code, _ := s.door.Ask(narrow, "POST", "/v1/keys", map[string]any{"name": "x", "role": "tenant_admin"}).Refused(403)
	assert.Equal(t, "permission_beyond_own", code)
	code, _ = s.door.Ask(narrow, "POST", "/v1/keys", map[string]any{"name": "x", "models": []string{"o3"}}).Refused(403)
	assert.Equal(t, "model_beyond_own", code)
	var k made
	s.door.Ask(narrow, "POST", "/v1/keys", map[string]any{"name": "x"}).Into(201, &k)
	assert.Equal(t, []string{"gpt-4o*"}, k.Models, "its maker's")
	adminID, _ := s.Key(s.tenant, dcoder.RoleTenantAdmin)
	s.door.Ask(narrow, "POST", "/v1/keys/"+adminID+"/rotate", nil).Refused(403)
}

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	other := s.NewTenant()
	id, _ := s.Key(other, dcoder.RoleService)
	for _, c := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"POST", "/rotate"}, {"POST", "/block"}, {"POST", "/unblock"}} {
		s.door.Ask(s.admin, c[0], "/v1/keys/"+id+c[1], nil).Refused(404)
	}
	s.door.Ask(s.admin, "GET", "/v1/keys", nil, dcoder.HeaderTenant, other).Refused(403)
	owner := s.Owner()
	var page struct{ Items []dcoder.VirtualKey }
	s.door.Ask(owner, "GET", "/v1/keys", nil, dcoder.HeaderTenant, other).Into(200, &page)
	assert.Len(t, page.Items, 2, "the owner looks where it names")
	s.door.Ask(owner, "GET", "/v1/keys", nil, dcoder.HeaderTenant, dcoder.NewTenantID()).Refused(404)
	_, field := s.door.Ask(owner, "GET", "/v1/providers", nil).Refused(400)
	assert.Equal(t, dcoder.HeaderTenant, field)
	var k made
	s.door.Ask(owner, "POST", "/v1/keys", map[string]any{"name": "for them", "role": "tenant_admin"}, dcoder.HeaderTenant, other).Into(201, &k)
	s.door.Ask(k.Secret, "GET", "/v1/keys", nil).Into(200, nil)
	s.door.Ask(owner, "POST", "/v1/keys", map[string]any{"name": "second owner"}).Into(201, &k)
	assert.Equal(t, dcoder.RolePlatformOwner, k.Role)
}

func TestPagesAreStableWhileKeysAreAdded(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	for range 5 {
		s.Key(s.tenant, dcoder.RoleService)
	}
	var seen []string
	cursor := ""
	for {
		var page struct {
			Items      []dcoder.VirtualKey
			NextCursor string
		}
		s.door.Ask(s.admin, "GET", "/v1/keys?limit=2&cursor="+cursor, nil).Into(200, &page)
		for _, k := range page.Items {
			seen = append(seen, k.ID)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
		if len(seen) < 6 {
			s.Key(s.tenant, dcoder.RoleService)
		}
	}
	unique := map[string]bool{}
	for _, id := range seen {
		unique[id] = true
	}
	assert.Len(t, unique, len(seen))
	assert.GreaterOrEqual(t, len(seen), 7)
	_, field := s.door.Ask(s.admin, "GET", "/v1/keys?cursor=nonsense", nil).Refused(400)
	assert.Equal(t, "cursor", field)
}

func TestAnIdempotencyKeyMakesOneKey(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	ask := func(key, body string) wiringtest.Answer {
		return s.door.Ask(s.admin, "POST", "/v1/keys", body, dcoder.HeaderIdempotencyKey, key)
	}
	first := ask("a", `{"name":"once"}`)
	again := ask("a", `{"name":"once"}`)
	assert.Equal(t, 201, again.Status)
	assert.Equal(t, "true", again.Header.Get(dcoder.HeaderReplayed))
	assert.JSONEq(t, first.Body, again.Body, "with the secret")
	code, _ := ask("a", `{"name":"another"}`).Refused(422)
	assert.Equal(t, "idempotency_key_reused", code)

	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			if a := ask("b", `{"name":"together"}`); a.Status != 201 {
				code, _ := a.Refused(409)
				assert.Equal(t, "idempotency_key_running", code)
			}
		})
	}
	together.Wait()
	var page struct{ Items []dcoder.VirtualKey }
	s.door.Ask(s.admin, "GET", "/v1/keys", nil).Into(200, &page)
	assert.Len(t, page.Items, 4)
	assert.NotContains(t, s.stored(), "dck_", "the answer is sealed at rest")
}

func (s *stand) stored() (raw string) {
	require.NoError(s.door.T(), s.ReadTenant(context.Background(), s.tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), "SELECT string_agg(encode(response, 'escape'), '') FROM idempotency").Scan(&raw)
	}))
	return raw
}

const canary = "sk-canary-5f2e"

func TestProviders(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	put := s.door.Ask(s.admin, "PUT", "/v1/providers/openai", `{"dialect":"openai","baseUrl":"https://api.openai.com/v1/","secret":"`+canary+`","models":["gpt-4o"]}`)
	var p dcoder.Provider
	put.Into(200, &p)
	assert.Equal(t, "https://api.openai.com/v1", p.BaseURL)
	assert.NotContains(t, put.Body, canary)
	s.door.Ask(s.admin, "PUT", "/v1/providers/openai", `{"dialect":"openai","baseUrl":"https://eu.api.openai.com/v1"}`).Into(200, &p)
	assert.Equal(t, "https://eu.api.openai.com/v1", p.BaseURL)
	snap, err := s.Build(t.Context(), s.tenant, s.keyID())
	require.NoError(t, err)
	assert.Equal(t, canary, snap.Providers["openai"].Secret, "kept when none is given")
	assert.NotContains(t, s.door.Ask(s.admin, "GET", "/v1/providers", nil).Body, canary)

	for field, c := range map[string][2]string{
		"dialect": {"x", `{"dialect":"cobol","baseUrl":"https://a.example","secret":"s"}`},
		"baseUrl": {"x", `{"dialect":"openai","baseUrl":"http://a.example","secret":"` + canary + `"}`},
		"secret":  {"x", `{"dialect":"openai","baseUrl":"https://a.example"}`},
		"models":  {"x", `{"dialect":"openai","baseUrl":"https://a.example","secret":"s","models":["gpt*"]}`},
		"weight":  {"x", `{"dialect":"openai","baseUrl":"https://a.example","secret":"` + canary + `","weight":1}`},
	} {
		a := s.door.Ask(s.admin, "PUT", "/v1/providers/"+c[0], c[1])
		_, named := a.Refused(400)
		assert.Equal(t, field, named, c[1])
		assert.NotContains(t, a.Body, canary, "never echoed")
	}
	for _, url := range []string{"file:///etc/passwd", "https://user:pw@a.example", "https://a.example?x=1", "//a.example", "javascript:1"} {
		_, named := s.door.Ask(s.admin, "PUT", "/v1/providers/x", map[string]any{"dialect": "openai", "baseUrl": url, "secret": "s"}).Refused(400)
		assert.Equal(t, "baseUrl", named, url)
	}
	s.door.Ask(s.admin, "DELETE", "/v1/providers/openai", nil).Into(204, nil)
	s.door.Ask(s.admin, "DELETE", "/v1/providers/openai", nil).Refused(404)
	assert.Equal(t, []string{"provider.set", "provider.set", "provider.deleted"}, s.Audited(s.tenant, "provider", "openai"))
	assert.NotContains(t, s.everythingStored(), canary)
}

func (s *stand) keyID() string {
	ctx, p, err := s.Keeper.Identify(context.Background(), &http.Request{Header: http.Header{"X-Api-Key": {s.admin}}}, false)
	require.NoError(s.door.T(), err)
	require.NotNil(s.door.T(), auth.SnapshotOf(ctx))
	return p.Key
}

// everythingStored is the audit log, the outbox and the providers as text.
func (s *stand) everythingStored() (all string) {
	require.NoError(s.door.T(), s.ReadTenant(context.Background(), s.tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), `
SELECT (SELECT json_agg(a)::text FROM audit_log a) || (SELECT json_agg(o)::text FROM outbox o) || coalesce((SELECT json_agg(p)::text FROM providers p), '')`).Scan(&all)
	}))
	return all
}

func TestACredentialIsTried(t *testing.T) {
	t.Parallel()
	provider := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+canary {
			w.WriteHeader(401)
			_, _ = io.WriteString(w, `{"error":{"message":"Incorrect API key provided: `+r.Header.Get("Authorization")+`"}}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": []any{map[string]string{"id": "gpt-4o"}}})
	})
	address := listen(t, provider)
	allow, err := upstream.ParseAllow("127.0.0.0/8")
	require.NoError(t, err)
	s := newStand(t, upstream.New(upstream.Options{Allow: allow}))
	try := func(base, secret string) (out struct {
		OK     bool
		Code   string
		Models int
	},
	) {
		s.door.Ask(s.admin, "PUT", "/v1/providers/p", map[string]any{"dialect": "openai", "baseUrl": base, "secret": secret}).Into(200, nil)
		a := s.door.Ask(s.admin, "POST", "/v1/providers/p/test", nil)
		a.Into(200, &out)
		assert.NotContains(t, a.Body, secret)
		return out
	}
	good := try(address, canary)
	assert.True(t, good.OK)
	assert.Equal(t, 1, good.Models)
	assert.Equal(t, "refused", try(address, "sk-wrong").Code)
	assert.Equal(t, "unreachable", try("http://127.0.0.1:1", canary).Code)
	assert.False(t, try("http://169.254.169.254.internal/latest", canary).OK)
	s.door.Ask(s.admin, "POST", "/v1/providers/none/test", nil).Refused(404)
}

func TestAliases(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	s.door.Ask(s.admin, "PUT", "/v1/providers/openai", `{"dialect":"openai","baseUrl":"https://api.openai.com/v1","secret":"s"}`).Into(200, nil)
	s.door.Ask(s.admin, "PUT", "/v1/aliases/fast", `{"targets":[{"provider":"openai","model":"gpt-4o-mini","weight":1}]}`).Into(200, nil)
	_, field := s.door.Ask(s.admin, "PUT", "/v1/aliases/slow", `{"targets":[{"provider":"openai","model":"o3"},{"provider":"groq","model":"x"}]}`).Refused(400)
	assert.Equal(t, "targets[1].provider", field)
	_, field = s.door.Ask(s.admin, "PUT", "/v1/aliases/slow", `{"targets":[]}`).Refused(400)
	assert.Equal(t, "targets", field)
	_, field = s.door.Ask(s.admin, "PUT", "/v1/aliases/a%20b", `{"targets":[{"provider":"openai","model":"o3"}]}`).Refused(400)
	assert.Equal(t, "alias", field)
	snap, err := s.Build(t.Context(), s.tenant, s.keyID())
	require.NoError(t, err)
	assert.Equal(t, map[string][]dcoder.Target{"fast": {{Provider: "openai", Model: "gpt-4o-mini", Weight: 1}}}, snap.Aliases)
	s.door.Ask(s.admin, "DELETE", "/v1/aliases/fast", nil).Into(204, nil)
	s.door.Ask(s.admin, "DELETE", "/v1/aliases/fast", nil).Refused(404)
}

func TestEveryRouteNeedsItsPermission(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	_, member := s.Key(s.tenant, dcoder.RoleMember)
	for _, r := range access.New(access.Deps{}).Routes {
		path := strings.NewReplacer("{id}", "x", "{provider}", "x", "{alias}", "x").Replace(r.Path)
		s.door.Ask("", r.Method, path, nil).Refused(401)
		if r.Permission != dcoder.AliasesRead {
			code, _ := s.door.Ask(member, r.Method, path, nil).Refused(403)
			assert.Equal(t, "permission_denied", code, r.Path)
		}
	}
}
