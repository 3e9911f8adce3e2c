// Package access manages what lets callers in and models be reached: virtual
// keys, credentials with providers, and the tenant's own names of models.
//
// It proves nobody (package auth does) and calls no model. A secret is shown
// once, to whoever made the key, or never, as a provider's.
package access

import (
	"context"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

// Keys keeps virtual keys. Changes write their audit record and are announced.
type Keys interface {
	Create(ctx context.Context, tenant string, key dcoder.VirtualKey, hash dcoder.HashedKey, limits []dcoder.Limit) error
	List(ctx context.Context, tenant string, after dcoder.Position, limit int) ([]dcoder.VirtualKey, error)
	Get(ctx context.Context, tenant, id string) (dcoder.VirtualKey, error)
	Rotate(ctx context.Context, tenant, id string, hash dcoder.HashedKey, at, previousUntil time.Time) (dcoder.VirtualKey, error)
	Block(ctx context.Context, tenant, id string) (dcoder.VirtualKey, error)
	Unblock(ctx context.Context, tenant, id string) (dcoder.VirtualKey, error)
	Delete(ctx context.Context, tenant, id string) error
}

// Providers keeps credentials with providers of models, their secrets sealed.
type Providers interface {
	Put(ctx context.Context, tenant string, p dcoder.Provider, secret string) (dcoder.Provider, error)
	List(ctx context.Context, tenant string) ([]dcoder.Provider, error)
	Delete(ctx context.Context, tenant, name string) error
	Grant(ctx context.Context, tenant, name string) (dcoder.ProviderGrant, error)
}

// Aliases keeps a tenant's own names of models.
type Aliases interface {
	Put(ctx context.Context, tenant string, a dcoder.Alias) (dcoder.Alias, error)
	List(ctx context.Context, tenant, after string, limit int) ([]dcoder.Alias, error)
	Delete(ctx context.Context, tenant, alias string) error
}

// Issuer makes new virtual keys; auth.Peppers does.
type Issuer interface {
	Issue(tenant, id string) (virtualkey.Key, dcoder.HashedKey)
}

// Deps is what the function works with.
type Deps struct {
	Keys      Keys
	Providers Providers
	Aliases   Aliases
	Prices    Prices
	Issuer    Issuer
	Dialects  []string // that credentials may name
	Upstream  Doer     // for the test of a credential

	// Probe builds the request that tests a credential; llm/providers has it.
	Probe func(context.Context, dcoder.ProviderGrant) (*http.Request, error)
}

// New returns the function.
func New(d Deps) function.Func {
	a := &access{d}
	read, write := function.Allow(dcoder.KeysRead), function.Allow(dcoder.KeysWrite)
	return function.New("access",
		function.Call("POST /v1/keys", a.createKey, write, function.Summary("Make a virtual key; its secret is shown this once")),
		function.Call("GET /v1/keys", a.listKeys, read, function.Summary("Virtual keys, oldest first")),
		function.Call("GET /v1/keys/{id}", a.getKey, read, function.Summary("One virtual key")),
		function.Call("POST /v1/keys/{id}/rotate", a.rotateKey, write, function.Summary("Give a key a new secret; the old one is good for a while")),
		function.Call("POST /v1/keys/{id}/block", a.blockKey, write, function.Summary("Refuse a key from now on")),
		function.Call("POST /v1/keys/{id}/unblock", a.unblockKey, write, function.Summary("Let a blocked key in again")),
		function.Call("DELETE /v1/keys/{id}", a.deleteKey, write, function.Summary("Remove a key; its usage stays")),

		function.Call("GET /v1/providers", a.listProviders, function.Allow(dcoder.ProvidersRead), function.Summary("Credentials with providers, without their secrets")),
		function.Call("PUT /v1/providers/{provider}", a.putProvider, function.Allow(dcoder.ProvidersWrite), function.Summary("Set a credential with a provider")),
		function.Call("DELETE /v1/providers/{provider}", a.deleteProvider, function.Allow(dcoder.ProvidersWrite), function.Summary("Remove a credential")),
		function.Call("POST /v1/providers/{provider}/test", a.testProvider, function.Allow(dcoder.ProvidersWrite), function.Timeout(20*time.Second),
			function.Summary("Ask the provider for its models, to see whether the credential works")),

		function.Call("GET /v1/aliases", a.listAliases, function.Allow(dcoder.AliasesRead), function.Summary("The tenant's own names of models")),
		function.Call("PUT /v1/aliases/{alias}", a.putAlias, function.Allow(dcoder.AliasesWrite), function.Summary("Point a name at models")),
		function.Call("DELETE /v1/aliases/{alias}", a.deleteAlias, function.Allow(dcoder.AliasesWrite), function.Summary("Remove a name")),

		function.Call("GET /v1/prices", a.listPrices, function.Allow(dcoder.ProvidersRead), function.Summary("The tenant's own prices")),
		function.Call("GET /v1/prices/{provider}/{model...}", a.getPrice, function.Allow(dcoder.ProvidersRead), function.Summary("The tenant's own price of a model")),
		function.Call("PUT /v1/prices/{provider}/{model...}", a.putPrice, function.Allow(dcoder.ProvidersWrite), function.Summary("Set what a model costs the tenant")),
		function.Call("DELETE /v1/prices/{provider}/{model...}", a.deletePrice, function.Allow(dcoder.ProvidersWrite), function.Summary("Let the catalogue's price hold again")),
		function.Call("POST /v1/prices/import", a.importPrices, function.Allow(dcoder.ProvidersWrite), function.MaxBody(mostTable),
			function.Summary("Take the tenant's models' prices from another catalogue's file")),
		function.Scaling{Concurrency: 50, Timeout: 30 * time.Second, CPU: "50m", Memory: "64Mi"},
	)
}

type access struct{ Deps }

// tenant is whom the request acts for.
func tenant(ctx context.Context) string { return dcoder.PrincipalOf(ctx).Tenant }

// customer is tenant for what the platform itself does not have.
func customer(ctx context.Context) (string, error) {
	if t := tenant(ctx); t != dcoder.PlatformTenant {
		return t, nil
	}
	return "", dcoder.Invalid(dcoder.HeaderTenant, "name the tenant: the platform itself has no providers, aliases and quotas")
}

// gone is the answer to what was removed.
type gone struct{ Status int }

var noContent = &gone{204}
