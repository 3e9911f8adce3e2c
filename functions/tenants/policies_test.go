package tenants_test

import (
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/functions/tenants"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

func TestProviderPolicies(t *testing.T) {
	t.Parallel()
	p := wiringtest.New(t)
	tenant, other := p.NewTenant(), p.NewTenant()
	keyID, admin := p.Key(tenant, dcoder.RoleTenantAdmin)
	_, member := p.Key(tenant, dcoder.RoleMember)
	_, stranger := p.Key(other, dcoder.RoleTenantAdmin)
	_, err := postgres.NewProviders(p.Databases).Put(t.Context(), tenant, dcoder.Provider{Name: "groq", Dialect: "groq", BaseURL: "https://a.example"}, "s")
	require.NoError(t, err)
	door := p.Serve(tenants.New(tenants.Deps{Store: postgres.NewTenants(p.Databases), Issuer: p.Peppers}))
	path := "/v1/tenants/" + tenant + "/providers/policies"

	a := door.Ask(admin, "GET", path, nil)
	a.Into(200, nil)
	assert.JSONEq(t, `{"failover":{"enabled":false,"maxSpend":0,"allowedProviders":[]},"timeouts":{},"callerKeys":false}`, a.Body, "off by default")
	for field, body := range map[string]string{
		"failover.maxSpend":            `{"failover":{"enabled":true,"allowedProviders":["groq"]}}`,
		"failover.allowedProviders":    `{"failover":{"enabled":true,"maxSpend":5}}`,
		"failover.allowedProviders[1]": `{"failover":{"enabled":true,"maxSpend":5,"allowedProviders":["groq","cohere"]}}`,
		"timeouts.idleMs":              `{"timeouts":{"idleMs":` + strconv.Itoa(1<<40) + `}}`,
		"failover.spend":               `{"failover":{"enabled":true,"spend":5}}`,
	} {
		_, named := door.Ask(admin, "PUT", path, body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	door.Ask(admin, "PUT", path, `{"failover":{"enabled":true,"maxSpend":5000000,"allowedProviders":["groq"]}}`).Into(200, nil)
	door.Ask(admin, "PUT", path, `{"timeouts":{"firstTokenMs":2000},"callerKeys":true}`).Into(200, nil)
	a = door.Ask(admin, "GET", path, nil)
	assert.JSONEq(t, `{"failover":{"enabled":true,"maxSpend":5000000,"allowedProviders":["groq"]},"timeouts":{"firstTokenMs":2000},"callerKeys":true}`, a.Body, "what was not named stays")
	snap, err := p.Build(t.Context(), tenant, keyID)
	require.NoError(t, err)
	assert.Equal(t, dcoder.FailoverPolicy{Enabled: true, MaxSpend: 5_000_000, AllowedProviders: []string{"groq"}}, snap.Tenant.Failover)
	assert.EqualValues(t, 2000, snap.Tenant.Timeouts.FirstTokenMS)
	assert.True(t, snap.Tenant.CallerKeys)

	door.Ask(stranger, "GET", path, nil).Refused(404)
	door.Ask(stranger, "PUT", path, `{}`).Refused(404)
	door.Ask(member, "PUT", path, `{}`).Refused(403)
	door.Ask(p.Owner(), "PUT", path, `{"failover":{"enabled":false}}`).Into(200, nil)
	var actions []string
	require.NoError(t, p.ReadControl(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT action FROM audit_log WHERE object = 'tenant' AND object_id = $1 AND action LIKE '%policies%'`, tenant)
		if err != nil {
			return err
		}
		actions, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
	assert.Len(t, actions, 3)
}
