// Package quota shows and sets a tenant's limits (quotas of requests, tokens and
// parallel calls, and budgets), tells how far their use has come and whether
// something would fit, and keeps the requests for more room and what came of them.
//
// It decides about no call: the ledger does. It mirrors what the ledger's rows come
// to, so that it can be read while the ledger cannot be asked.
package quota

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// Store keeps limits. A change writes its audit record and is announced. For
// dcoder.PlatformTenant List and Replace are of the platform's limits.
type Store interface {
	List(ctx context.Context, tenant string) ([]dcoder.Limit, error)
	// Replace puts limits in the place of all that there are, at once.
	Replace(ctx context.Context, tenant string, limits []dcoder.Limit) error
	// Put writes one limit: a new one (409 when it stands), or in the place of the
	// one with its identity (404 when there is none).
	Put(ctx context.Context, tenant string, l dcoder.Limit, isNew bool) error
	// Remove removes the limit of that identity; 404 when there is none.
	Remove(ctx context.Context, tenant string, l dcoder.Limit) error
	// Used returns what was used of each limit in its present period, and when
	// that ends, as far as rows have been written.
	Used(ctx context.Context, tenant string, limits []dcoder.Limit, at time.Time) (used []int64, ends []time.Time, err error)
	// TimeZone is whose days, weeks and months the tenant's limits mean.
	TimeZone(ctx context.Context, tenant string) (string, error)
	// Mirror remembers counters as they were told; an older one changes nothing.
	Mirror(ctx context.Context, tenant string, told []dcoder.QuotaUpdated) error
	// Mirrored returns what is remembered of a period.
	Mirrored(ctx context.Context, tenant, period string) ([]dcoder.QuotaUpdated, error)
}

// Approvals keeps requests for more room.
type Approvals interface {
	Request(ctx context.Context, tenant string, a dcoder.Approval) error
	Get(ctx context.Context, tenant, id string) (dcoder.Approval, error)
	List(ctx context.Context, tenant, requester string, state dcoder.ApprovalState, after dcoder.Position, limit int) ([]dcoder.Approval, error)
	// Decide writes state, note, decider and end of a request; 409 when it was
	// decided otherwise or is over. One that stands so already changes nothing.
	Decide(ctx context.Context, tenant string, a dcoder.Approval) (dcoder.Approval, error)
}

// Ledger tells how far the limits have come while calls run.
type Ledger interface {
	Look(ctx context.Context, tenant, zone string, limits []dcoder.Limit) ([]dcoder.Standing, error)
}

// Deps is what the function works with.
type Deps struct {
	Store     Store
	Approvals Approvals
	Ledger    Ledger
}

// mostEvents is how many counters are mirrored in one transaction.
const mostEvents = 200

// New returns the function.
func New(d Deps) function.Func {
	q := &quota{d}
	read, write := function.Allow(dcoder.QuotasRead), function.Allow(dcoder.QuotasWrite)
	ask, decide := function.Allow(dcoder.ApprovalsRequest), function.Allow(dcoder.ApprovalsDecide)
	return function.New("quota",
		function.OnBatch(mostEvents, q.updated),
		function.Call("GET /v1/quotas", q.list, read, function.Summary("The tenant's limits; the platform's for its owner")),
		function.Call("PUT /v1/quotas", q.replace, write, function.Summary("Replace all limits at once")),
		function.Call("GET /v1/quotas/usage", q.used, read, function.Summary("Limit, used, reserved, remaining and reset of each limit that names its subject")),
		function.Call("POST /v1/quotas/check", q.check, function.Allow(dcoder.ModelsUse), function.Summary("Whether a call would fit its limits now; nothing is reserved")),

		function.Call("GET /v1/budgets", q.listBudgets, read, function.Summary("The limits of money")),
		function.Call("POST /v1/budgets", q.createBudget, write, function.Summary("Set a new budget")),
		function.Call("GET /v1/budgets/{id}", q.getBudget, read, function.Summary("One budget and its use")),
		function.Call("PUT /v1/budgets/{id}", q.putBudget, write, function.Summary("Change a budget's maximum, action or alerts")),
		function.Call("DELETE /v1/budgets/{id}", q.deleteBudget, write, function.Summary("Remove a budget")),

		function.Call("POST /v1/approvals", q.request, ask, function.Summary("Ask for more room than a limit has")),
		function.Call("GET /v1/approvals", q.listApprovals, ask, function.Summary("Requests for more room, newest first; one's own without the permission to read quotas")),
		function.Call("GET /v1/approvals/{id}", q.getApproval, ask, function.Summary("One request for more room")),
		function.Call("POST /v1/approvals/{id}/approve", q.approve, decide, function.Summary("Give what was asked for, until the period ends or earlier")),
		function.Call("POST /v1/approvals/{id}/reject", q.reject, decide, function.Summary("Refuse what was asked for, or take it back")),
		function.Call("POST /v1/approvals/{id}/expire", q.expire, decide, function.Summary("End a request or what was approved before its time")),
		function.Scaling{Concurrency: 50, Timeout: 30 * time.Second, CPU: "50m", Memory: "64Mi"},
	)
}

type quota struct{ Deps }

type page struct{ Body function.Page[dcoder.Limit] }

// owner is whose limits the request means: a tenant's or the platform's.
func owner(ctx context.Context) string { return dcoder.PrincipalOf(ctx).Tenant }

func (q *quota) list(ctx context.Context, _ *struct{}) (*page, error) {
	all, err := q.Store.List(ctx, owner(ctx))
	return &page{function.NewPage(all, "")}, err
}

type replace struct {
	Body struct {
		Limits []limit `json:"limits" maxItems:"1000" nullable:"false" doc:"all limits of the tenant; none: []"`
	}
}

func (q *quota) replace(ctx context.Context, in *replace) (*page, error) {
	tenant := owner(ctx)
	limits, err := read(tenant, in.Body.Limits)
	if err != nil {
		return nil, err
	}
	if err := q.Store.Replace(ctx, tenant, limits); err != nil {
		return nil, err
	}
	all, err := q.Store.List(ctx, tenant)
	return &page{function.NewPage(all, "")}, err
}

// updated mirrors counters; what is mirrored once again changes nothing.
func (q *quota) updated(ctx context.Context, tenant string, events []dcoder.Event[dcoder.QuotaUpdated]) []error {
	told := make([]dcoder.QuotaUpdated, len(events))
	for i := range events {
		told[i] = events[i].Value
	}
	if err := q.Store.Mirror(ctx, tenant, told); err != nil {
		errs := make([]error, len(events))
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	return nil
}

// customer is the tenant that the request acts for.
func customer(ctx context.Context) (string, error) {
	if p := dcoder.PrincipalOf(ctx); p.Tenant != dcoder.PlatformTenant {
		return p.Tenant, nil
	}
	return "", dcoder.Invalid(dcoder.HeaderTenant, "name the tenant: the platform itself has no budgets and approvals")
}
