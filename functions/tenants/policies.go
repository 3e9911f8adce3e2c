package tenants

import (
	"context"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// providerPolicies is what a tenant decides about calls to its providers.
type providerPolicies struct {
	Failover   dcoder.FailoverPolicy `json:"failover"`
	Timeouts   dcoder.Timeouts       `json:"timeouts"`
	CallerKeys bool                  `json:"callerKeys"`
}

type providerPoliciesAnswer struct{ Body providerPolicies }

func policiesAnswer(t dcoder.Tenant) *providerPoliciesAnswer {
	p := providerPolicies{Failover: t.Policies.FailoverPolicy(), Timeouts: t.Policies.Timeouts, CallerKeys: t.Policies.CallerKeys}
	if p.Failover.AllowedProviders == nil {
		p.Failover.AllowedProviders = []string{}
	}
	return &providerPoliciesAnswer{p}
}

// own lets a tenant's administrators at their own tenant, and the platform's owner
// at any; to all others it does not exist.
func own(ctx context.Context, id string) error {
	p := dcoder.PrincipalOf(ctx)
	if p.Role != dcoder.RolePlatformOwner && p.Tenant != id {
		return dcoder.NotFound("tenant", id)
	}
	return nil
}

func (t *tenants) getProviderPolicies(ctx context.Context, in *tenantID) (*providerPoliciesAnswer, error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	found, err := t.Store.Get(ctx, in.ID)
	return policiesAnswer(found), err
}

// putProviderPolicies replaces the parts that are named; the others stay.
type putProviderPolicies struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Failover   *failoverPolicy `json:"failover,omitempty"`
		Timeouts   *timeouts       `json:"timeouts,omitempty"`
		CallerKeys *bool           `json:"callerKeys,omitempty" doc:"a request may bring its own provider key in X-Dcoder-Provider-Key"`
	}
}

type failoverPolicy struct {
	Enabled          bool          `json:"enabled" doc:"calls that fail before any content may go to another provider or model of their alias"`
	MaxSpend         dcoder.Micros `json:"maxSpend,omitempty" minimum:"0" maximum:"1000000000000000" doc:"micro-units that such calls may cost in a calendar month; never passed"`
	AllowedProviders []string      `json:"allowedProviders,omitempty" maxItems:"50" doc:"names of the tenant's providers that may be gone to"`
}

type timeouts struct {
	FirstTokenMS int64 `json:"firstTokenMs,omitempty" minimum:"0" maximum:"3600000" doc:"until a stream's first content; 0: the platform's"`
	IdleMS       int64 `json:"idleMs,omitempty" minimum:"0" maximum:"3600000" doc:"between two events of a stream; 0: the platform's"`
	TotalMS      int64 `json:"totalMs,omitempty" minimum:"0" maximum:"3600000" doc:"of a whole call; 0: the platform's"`
}

func (t *tenants) putProviderPolicies(ctx context.Context, in *putProviderPolicies) (*providerPoliciesAnswer, error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	f := in.Body.Failover
	switch {
	case f != nil && f.Enabled && f.MaxSpend == 0:
		return nil, dcoder.Invalid("failover.maxSpend", "failover needs a ceiling: the most that it may cost in a month, in micro-units")
	case f != nil && f.Enabled && len(f.AllowedProviders) == 0:
		return nil, dcoder.Invalid("failover.allowedProviders", "failover needs at least one provider that calls may go to")
	}
	set, err := t.Store.SetProviderPolicies(ctx, in.ID, func(p *dcoder.Policies) {
		if f != nil {
			p.Failover, p.FailoverSpend, p.FailoverProviders = f.Enabled, f.MaxSpend, f.AllowedProviders
		}
		if in.Body.Timeouts != nil {
			p.Timeouts = dcoder.Timeouts(*in.Body.Timeouts)
		}
		if in.Body.CallerKeys != nil {
			p.CallerKeys = *in.Body.CallerKeys
		}
	})
	return policiesAnswer(set), err
}
