// Package tenants makes, shows, changes, suspends and resumes tenants.
//
// Making one is a workflow that outlives any request: the function starts it,
// waits a little, and says where to look. What a suspended tenant may still do
// is decided where keys are proved.
package tenants

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

// Store keeps the catalogue's records. Changes write their audit record and are
// announced.
type Store interface {
	Get(ctx context.Context, id string) (dcoder.Tenant, error)
	List(ctx context.Context, after dcoder.Position, limit int) ([]dcoder.Tenant, error)
	Update(ctx context.Context, id string, edit func(*dcoder.Tenant) error) (dcoder.Tenant, error)
	Suspend(ctx context.Context, id, reason string) (dcoder.Tenant, error)
	Resume(ctx context.Context, id string) (dcoder.Tenant, error)
	SetProviderPolicies(ctx context.Context, id string, edit func(*dcoder.Policies)) (dcoder.Tenant, error)
	// Remember stores the request's idempotency record.
	Remember(ctx context.Context) error
}

// Onboarder makes tenants; asking twice for one makes one.
type Onboarder interface {
	// Onboard starts the making of a tenant and waits until it is ready or ctx
	// ends; done is false when ctx ended first, and the making goes on.
	Onboard(ctx context.Context, in dcoder.Onboarding) (done bool, err error)
}

// Issuer makes new virtual keys; auth.Peppers does.
type Issuer interface {
	Issue(tenant, id string) (virtualkey.Key, dcoder.HashedKey)
}

// Deps is what the function works with.
type Deps struct {
	Store     Store
	Onboarder Onboarder
	Issuer    Issuer
	Tracing   Tracing
	Patience  time.Duration // how long a POST waits for the tenant; 0: 8 s
}

// New returns the function.
func New(d Deps) function.Func {
	t := &tenants{d}
	read, write := function.Allow(dcoder.TenantsRead), function.Allow(dcoder.TenantsWrite)
	return function.New("tenants",
		function.Call("POST /v1/tenants", t.create, write, function.Summary("Make a tenant; its first administrator's key is shown this once")),
		function.Call("GET /v1/tenants", t.list, read, function.Summary("Tenants, oldest first: all for the platform's owner, else one's own")),
		function.Call("GET /v1/tenants/{id}", t.get, read, function.Summary("One tenant")),
		function.Call("PATCH /v1/tenants/{id}", t.update, write, function.Summary("Change a tenant's name and policies")),
		function.Call("POST /v1/tenants/{id}/suspend", t.suspend, write, function.Summary("Refuse every credential of a tenant from now on")),
		function.Call("POST /v1/tenants/{id}/resume", t.resume, write, function.Summary("Let a suspended tenant in again")),
		function.Call("GET /v1/tenants/{id}/providers/policies", t.getProviderPolicies, function.Allow(dcoder.ProvidersRead),
			function.Summary("Failover, timeouts and callers' keys of a tenant")),
		function.Call("PUT /v1/tenants/{id}/providers/policies", t.putProviderPolicies, function.Allow(dcoder.ProvidersWrite),
			function.Summary("Decide about failover, timeouts and callers' keys")),
		function.Call("GET /v1/tenants/{id}/tracing", t.getTracing, function.Allow(dcoder.ProvidersRead),
			function.Summary("Where a tenant wants the spans of its own calls")),
		function.Call("PUT /v1/tenants/{id}/tracing", t.putTracing, function.Allow(dcoder.ProvidersWrite),
			function.Summary("Send the spans of a tenant's calls to a collector of its own, such as Langfuse")),
		function.Call("DELETE /v1/tenants/{id}/tracing", t.deleteTracing, function.Allow(dcoder.ProvidersWrite),
			function.Summary("Send a tenant's spans nowhere but to the platform's collector")),
		function.Scaling{Concurrency: 20, Timeout: 30 * time.Second, CPU: "50m", Memory: "64Mi"},
	)
}

type tenants struct{ Deps }

type tenantID struct {
	ID string `path:"id" maxLength:"64"`
}

type answer struct{ Body dcoder.Tenant }

// get shows a tenant to its own and to the platform's owner; to all others it
// does not exist.
func (t *tenants) get(ctx context.Context, in *tenantID) (*answer, error) {
	p := dcoder.PrincipalOf(ctx)
	if p.Role != dcoder.RolePlatformOwner && p.Tenant != in.ID {
		return nil, dcoder.NotFound("tenant", in.ID)
	}
	found, err := t.Store.Get(ctx, in.ID)
	return &answer{found}, err
}

type page struct{ Body function.Page[dcoder.Tenant] }

func (t *tenants) list(ctx context.Context, in *function.PageInput) (*page, error) {
	p := dcoder.PrincipalOf(ctx)
	if p.Role != dcoder.RolePlatformOwner {
		own, err := t.Store.Get(ctx, p.Tenant)
		return &page{function.NewPage([]dcoder.Tenant{own}, "")}, err
	}
	after, err := function.DecodeCursor[dcoder.Position](in.Cursor)
	if err != nil {
		return nil, err
	}
	found, err := t.Store.List(ctx, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(found) > in.Limit {
		found = found[:in.Limit]
		last := found[len(found)-1]
		next = function.EncodeCursor(dcoder.Position{At: last.Created, ID: last.ID})
	}
	return &page{function.NewPage(found, next)}, nil
}

type suspend struct {
	ID   string `path:"id" maxLength:"64"`
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"for the audit log and the event"`
	}
}

func (t *tenants) suspend(ctx context.Context, in *suspend) (*answer, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	return t.move(ctx, in.ID, dcoder.StateSuspended, func() (dcoder.Tenant, error) { return t.Store.Suspend(ctx, in.ID, reason) })
}

func (t *tenants) resume(ctx context.Context, in *tenantID) (*answer, error) {
	return t.move(ctx, in.ID, dcoder.StateActive, func() (dcoder.Tenant, error) { return t.Store.Resume(ctx, in.ID) })
}

func (t *tenants) move(ctx context.Context, id string, to dcoder.TenantState, move func() (dcoder.Tenant, error)) (*answer, error) {
	before, err := t.Store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	before.State = to
	out := &answer{before}
	if err := function.Remember(ctx, out); err != nil {
		return nil, err
	}
	out.Body, err = move()
	return out, err
}
