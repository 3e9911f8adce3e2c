package kong_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

// TestTenantsComeFromTheCatalogue: a tenant that onboarding makes is known to the
// gateway with no restart, and no more once its record is gone. Looks are made as
// often as in production.
func TestTenantsComeFromTheCatalogue(t *testing.T) {
	s, site := start(t), postgrestest.New(t)
	s.sync.Tenants, s.sync.Every = postgres.NewTenants(site.Databases).All, time.Second
	s.run()
	id := dcoder.NewTenantID()
	require.NoError(t, site.Make(t.Context(), dcoder.Onboarding{
		Tenant: id, Name: "New", Admin: dcoder.HashedKey{ID: dcoder.NewKeyID(), Hash: []byte("nobody holds this key"), PepperID: "none"},
	}))
	s.until("the new tenant is known", func() bool { return s.known(id) })
	require.NoError(t, site.Provisioner.Drop(t.Context(), id))
	s.until("the tenant that was dropped is forgotten", func() bool { return !s.known(id) })
}
