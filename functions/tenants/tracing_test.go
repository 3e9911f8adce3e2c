package tenants_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/wiringtest"
	"github.com/d-coder-ai/dcoder/functions/tenants"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

func TestTracing(t *testing.T) {
	t.Parallel()
	p := wiringtest.New(t)
	tenant, other := p.NewTenant(), p.NewTenant()
	keyID, admin := p.Key(tenant, dcoder.RoleTenantAdmin)
	_, member := p.Key(tenant, dcoder.RoleMember)
	otherID, stranger := p.Key(other, dcoder.RoleTenantAdmin)
	door := p.Serve(tenants.New(tenants.Deps{
		Store: postgres.NewTenants(p.Databases), Tracing: postgres.NewTracing(p.Databases), Issuer: p.Peppers,
	}))
	path := "/v1/tenants/" + tenant + "/tracing"

	door.Ask(admin, "GET", path, nil).Refused(404)
	for field, body := range map[string]string{
		"endpoint":  `{"endpoint":"ftp://a.example","publicKey":"pk","secretKey":"sk"}`,
		"publicKey": `{"endpoint":"https://a.example","publicKey":"p:k","secretKey":"sk"}`,
		"secretKey": `{"endpoint":"https://a.example","publicKey":"pk"}`,
		"percent":   `{"endpoint":"https://a.example","publicKey":"pk","secretKey":"sk","percent":101}`,
	} {
		_, named := door.Ask(admin, "PUT", path, body).Refused(400)
		assert.Equal(t, field, named, body)
	}
	a := door.Ask(admin, "PUT", path, `{"endpoint":"https://a.example/otel/","publicKey":"pk","secretKey":"sk-x-y-z"}`)
	a.Into(200, nil)
	require.NotContains(t, a.Body, "sk-x-y-z")
	snap, err := p.Build(t.Context(), tenant, keyID)
	require.NoError(t, err)
	require.Equal(t, &dcoder.TracingGrant{Endpoint: "https://a.example/otel", PublicKey: "pk", Secret: "sk-x-y-z", Percent: 100}, snap.Tracing, "contents are off")
	door.Ask(admin, "PUT", path, `{"endpoint":"https://a.example/otel","publicKey":"pk","contents":true,"percent":5}`).Into(200, nil)
	snap, err = p.Build(t.Context(), tenant, keyID)
	require.NoError(t, err)
	require.Equal(t, &dcoder.TracingGrant{Endpoint: "https://a.example/otel", PublicKey: "pk", Secret: "sk-x-y-z", Percent: 5, Contents: true}, snap.Tracing)
	_, named := door.Ask(admin, "PUT", path, `{"endpoint":"https://b.example","publicKey":"pk"}`).Refused(400)
	require.Equal(t, "secretKey", named, "a secret does not go to another address")
	snap, err = p.Build(t.Context(), other, otherID)
	require.NoError(t, err)
	require.Nil(t, snap.Tracing)

	door.Ask(stranger, "GET", path, nil).Refused(404)
	door.Ask(stranger, "PUT", path, `{"endpoint":"https://a.example","publicKey":"pk","secretKey":"sk"}`).Refused(404)
	door.Ask(stranger, "DELETE", path, nil).Refused(404)
	door.Ask(member, "GET", path, nil).Refused(403)
	require.NotContains(t, door.Ask(admin, "GET", path, nil).Body, "sk-x-y-z")
	require.Equal(t, 204, door.Ask(admin, "DELETE", path, nil).Status)
	door.Ask(admin, "DELETE", path, nil).Refused(404)
	require.Len(t, p.Audited(tenant, "tracing", tenant), 3)
}
