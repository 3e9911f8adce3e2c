package usage

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

type tenantQuestion struct {
	ID string `path:"id" maxLength:"64" doc:"tenant id"`
	question
}

type answer struct{ Body view }

// own answers for the tenant of the credential.
func (u *usage) own(ctx context.Context, q *question) (*answer, error) {
	p := dcoder.PrincipalOf(ctx)
	if p.Tenant == dcoder.PlatformTenant {
		return nil, dcoder.Invalid("id", "the platform itself uses nothing: ask GET /v1/tenants/{id}/usage")
	}
	return u.answer(ctx, p.Tenant, q)
}

// ofTenant answers for a tenant by name: the caller's own, or any for the
// platform owner. Another tenant's usage is not there.
func (u *usage) ofTenant(ctx context.Context, q *tenantQuestion) (*answer, error) {
	p := dcoder.PrincipalOf(ctx)
	owner := p.Tenant == dcoder.PlatformTenant && p.Role == dcoder.RolePlatformOwner
	if q.ID != p.Tenant && !owner || q.ID == dcoder.PlatformTenant {
		return nil, dcoder.NotFound("tenant", q.ID)
	}
	return u.answer(ctx, q.ID, &q.question)
}

func (u *usage) answer(ctx context.Context, tenant string, q *question) (*answer, error) {
	query, err := q.query(time.Now().UTC())
	if err != nil {
		return nil, err
	}
	if q.View == "rows" {
		return u.rows(ctx, tenant, q, query)
	}
	if q.Cursor != "" {
		return nil, dcoder.Invalid("cursor", "only view=rows has pages")
	}
	r, err := u.Store.Report(ctx, tenant, query)
	if err != nil {
		return nil, err
	}
	return &answer{viewOfReport(tenant, query, r)}, nil
}

// position of a page: the last row that was shown.
type position struct {
	Time    time.Time `json:"t"`
	ID      string    `json:"i"`
	Attempt int       `json:"a"`
}

func (u *usage) rows(ctx context.Context, tenant string, q *question, query metering.Query) (*answer, error) {
	if len(query.By) > 0 {
		return nil, dcoder.Invalid("groupBy", "view=rows shows rows one by one: leave groupBy out")
	}
	at, err := function.DecodeCursor[position](q.Cursor)
	if err != nil {
		return nil, err
	}
	records, err := u.Store.Rows(ctx, tenant, query, metering.Place(at), q.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(records) > q.Limit {
		records = records[:q.Limit]
		last := records[q.Limit-1]
		next = function.EncodeCursor(position{last.Time, last.ID, last.Attempt})
	}
	return &answer{viewOfRows(tenant, query, records, next)}, nil
}
