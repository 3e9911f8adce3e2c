package stories

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sendsNonsense holds that bad input is a 4xx in the route's own envelope and
// changes nothing.
func sendsNonsense(t *testing.T, p *platform) {
	admin, tenant, _ := p.newTenant("Nonsense")
	const chat = "/v1/chat/completions"
	deep := `{"model":"gpt-4o-mini","messages":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`
	for name, c := range map[string]struct {
		path, body string
		status     int
		headers    map[string]string
	}{
		"not JSON":              {chat, `{"model":`, 400, nil},
		"deep JSON":             {chat, deep, 400, nil},
		"no model":              {chat, `{"messages":[]}`, 400, nil},
		"model of wrong type":   {chat, `{"model":7,"messages":[]}`, 400, nil},
		"unknown model":         {chat, `{"model":"nope","messages":[{"role":"user","content":"?"}]}`, 404, nil},
		"absurd max_tokens":     {chat, `{"model":"gpt-4o-mini","max_tokens":99999999999,"messages":[{"role":"user","content":"?"}]}`, 400, nil},
		"another tenant":        {chat, `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"?"}]}`, 403, map[string]string{"X-Tenant-Id": p.tenant}},
		"no key":                {chat, `{}`, 401, map[string]string{"Authorization": ""}},
		"malformed key":         {chat, `{}`, 401, map[string]string{"Authorization": "Bearer dck_x"}},
		"the event door":        {"/", `{}`, 404, map[string]string{"Ce-Type": "usage.recorded", "Ce-Id": "1", "Ce-Source": "/x", "Ce-Specversion": "1.0"}},
		"a limit of wrong type": {"PUT /v1/quotas", `{"limits":[{"scope":"tenant","metric":"money","window":"month","max":"many"}]}`, 422, nil},
		"an unknown field":      {"/v1/keys", `{"name":"x","colour":"red"}`, 422, nil},
	} {
		t.Run(name, func(t *testing.T) {
			method, path := "POST", c.path
			if m, rest, ok := strings.Cut(c.path, " "); ok {
				method, path = m, rest
			}
			r, err := http.NewRequestWithContext(bounded(t, patience), method, p.base+path, strings.NewReader(c.body))
			require.NoError(t, err)
			r.Header.Set("Authorization", "Bearer "+admin.key)
			r.Header.Set("Content-Type", "application/json")
			for k, v := range c.headers {
				r.Header.Set(k, v)
			}
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer func() { _ = answer.Body.Close() }()
			var body struct {
				Error struct {
					Message string `json:"message"`
				} `json:"error"`
			}
			require.NoError(t, json.NewDecoder(answer.Body).Decode(&body))
			require.True(t, answer.StatusCode >= 400 && answer.StatusCode < 500, "status %d", answer.StatusCode)
			if c.status != 422 {
				require.Equal(t, c.status, answer.StatusCode, body.Error.Message)
			}
			require.NotEmpty(t, body.Error.Message)
			require.NotEmpty(t, answer.Header.Get("X-Request-Id"))
		})
	}
	for _, name := range []string{
		"'; DROP TABLE tenants; --\x00", "../../etc/passwd\u0000", strings.Repeat("x", 501), "pay\u202epal", "\u200b", " ",
	} {
		require.Contains(t, []int{400, 422}, p.owner.call("POST", "/v1/tenants", map[string]any{"name": name}, nil), "%q", name)
	}
	require.Equal(t, 200, p.owner.call("GET", "/v1/tenants/"+tenant, nil, nil))
}

// repeats holds that an Idempotency-Key makes one change of two POSTs.
func repeats(t *testing.T, p *platform) {
	admin, _, _ := p.newTenant("Repeats")
	once := []string{"Idempotency-Key", "the-same"}
	var first, second struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	require.Equal(t, 201, admin.call("POST", "/v1/keys", map[string]any{"name": "once"}, &first, once...))
	require.Equal(t, 201, admin.call("POST", "/v1/keys", map[string]any{"name": "once"}, &second, once...))
	require.Equal(t, first, second)
	require.Equal(t, 422, admin.call("POST", "/v1/keys", map[string]any{"name": "other"}, nil, once...))
	var keys struct {
		Items []struct{ Name string } `json:"items"`
	}
	require.Equal(t, 200, admin.call("GET", "/v1/keys", nil, &keys))
	count := 0
	for _, k := range keys.Items {
		if k.Name == "once" {
			count++
		}
	}
	require.Equal(t, 1, count)
}
