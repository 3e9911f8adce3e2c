package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// SetProviderPolicies changes what a tenant decided about its providers: failover,
// timeouts, keys of callers; edit gets the policies as they are. 400 naming the
// allowed provider that the tenant has not.
func (s *Tenants) SetProviderPolicies(ctx context.Context, id string, edit func(*dcoder.Policies)) (dcoder.Tenant, error) {
	if !dcoder.ValidTenantID(id) {
		return dcoder.Tenant{}, dcoder.NotFound("tenant", id)
	}
	if _, err := s.Get(ctx, id); err != nil {
		return dcoder.Tenant{}, err
	}
	var known map[string]bool
	err := s.d.ReadTenant(ctx, id, func(tx pgx.Tx) (err error) {
		known, err = providerNames(ctx, tx)
		return err
	})
	if err != nil {
		return dcoder.Tenant{}, err
	}
	return s.change(ctx, id, "tenant.provider_policies_set", configChanged("provider_policies", id, "set"), func(t *dcoder.Tenant) error {
		edit(&t.Policies)
		for i, name := range t.Policies.FailoverProviders {
			if !known[name] {
				return dcoder.Invalid(fmt.Sprintf("failover.allowedProviders[%d]", i), "the tenant has no such provider: set it first")
			}
		}
		return nil
	})
}
