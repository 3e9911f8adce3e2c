// Package settings manages what a tenant decides about the way its calls are
// treated: guardrails and their overrides, and what is cached. It looks at no call (package
// llm does) and finds nothing (package guard does).
package settings

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// Guards keeps guardrail policies. Changes write their audit record, are
// announced, and hold for the next request.
type Guards interface {
	Policies(ctx context.Context, tenant string) (map[string]dcoder.GuardPolicy, error)
	SetPolicy(ctx context.Context, tenant, key string, edit func(*dcoder.GuardPolicy)) (dcoder.GuardPolicy, error)
	Override(ctx context.Context, tenant string, o dcoder.GuardOverride) error
	Overrides(ctx context.Context, tenant, after string, limit int) ([]dcoder.GuardOverride, error)
	EndOverride(ctx context.Context, tenant, id string) error
}

// Deps is what the function works with.
type Deps struct {
	Guards Guards
	Cache  CacheRules
	Voids  CacheVoids
}

// New returns the function.
func New(d Deps) function.Func {
	s := &settings{d}
	read, write := function.Allow(dcoder.PoliciesRead), function.Allow(dcoder.PoliciesWrite)
	return function.New("settings",
		function.Call("GET /v1/policies/guardrails", s.guardrails, read, function.Summary("What guardrails do, for the tenant and for keys that say otherwise")),
		function.Call("PUT /v1/policies/guardrails/mode", s.setMode, write, function.Summary("Set what guardrails do, for the tenant or for one key")),
		function.Call("POST /v1/policies/overrides", s.override, write, function.Summary("Weaken guardrails for a while, with a reason")),
		function.Call("GET /v1/policies/overrides", s.overrides, read, function.Summary("Overrides that have not expired, oldest first")),
		function.Call("DELETE /v1/policies/overrides/{id}", s.endOverride, write, function.Summary("Take an override back")),
		function.Call("GET /v1/policies/cache", s.cacheRules, read, function.Summary("What is cached, for the tenant and for keys that say otherwise")),
		function.Call("PUT /v1/policies/cache", s.setCache, write, function.Summary("Set what is cached, for the tenant or for one key")),
		function.Call("POST /v1/cache/invalidate", s.invalidate, write, function.Summary("Declare cached answers void: by namespace, model, tag or source")),
		function.Scaling{Concurrency: 50, Timeout: 30 * time.Second, CPU: "50m", Memory: "64Mi"},
	)
}

type settings struct{ Deps }

// customer is whom the request acts for: a tenant, since the platform itself
// calls no models.
func customer(ctx context.Context) (string, error) {
	if t := dcoder.PrincipalOf(ctx).Tenant; t != dcoder.PlatformTenant {
		return t, nil
	}
	return "", dcoder.Invalid(dcoder.HeaderTenant, "name the tenant: the platform itself has neither guardrails nor a cache")
}
