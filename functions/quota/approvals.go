package quota

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

type approvalAnswer struct {
	Status int
	Body   dcoder.Approval
}

type approvalPage struct {
	Body function.Page[dcoder.Approval]
}

type approvalID struct {
	ID string `path:"id" maxLength:"64"`
}

type requestInput struct {
	Body struct {
		Scope   dcoder.Scope  `json:"scope" enum:"key,user,group,tenant" doc:"as the refusal named it"`
		Subject string        `json:"subject,omitempty" maxLength:"64" doc:"who wants the room; absent: who asks"`
		Model   string        `json:"model,omitempty" maxLength:"120"`
		Metric  dcoder.Metric `json:"metric" enum:"requests,tokens,money,parallel"`
		Window  dcoder.Window `json:"window,omitempty" enum:"now,minute,day,week,month"`
		Amount  int64         `json:"amount" minimum:"1" maximum:"1000000000000000" doc:"on top of the limit: calls, tokens or micro-units"`
		Reason  string        `json:"reason,omitempty" maxLength:"1000"`
		Until   time.Time     `json:"until,omitzero" doc:"RFC 3339; default: the end of the limit's period, or a day where that is a minute"`
	}
}

func (q *quota) request(ctx context.Context, in *requestInput) (*approvalAnswer, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	b, p := in.Body, dcoder.PrincipalOf(ctx)
	l, err := readOne(tenant, limit{Scope: b.Scope, Subject: subjectOf(b.Scope, b.Subject, p), Model: b.Model, Metric: b.Metric, Window: b.Window})
	if err != nil {
		return nil, err
	}
	if l.Scope != dcoder.ScopeTenant && l.Subject == "" {
		return nil, dcoder.Invalid("subject", "name the %s that wants the room: this key belongs to none", l.Scope)
	}
	until, err := q.until(ctx, tenant, l, b.Until)
	if err != nil {
		return nil, err
	}
	a := dcoder.Approval{
		ID: dcoder.NewID(), Scope: l.Scope, Subject: l.Subject, Model: l.Model, Metric: l.Metric, Window: l.Window, Amount: b.Amount,
		Reason: b.Reason, State: dcoder.ApprovalPending, Requester: who(p), Created: time.Now().UTC().Truncate(time.Microsecond), Until: until,
	}
	out := &approvalAnswer{201, a}
	if err := function.Remember(ctx, out); err != nil {
		return nil, err
	}
	return out, q.Approvals.Request(ctx, tenant, a)
}

// subjectOf is whom the room is for: whoever asks, where nobody is named.
func subjectOf(s dcoder.Scope, named string, p *dcoder.Principal) string {
	if named != "" {
		return named
	}
	return map[dcoder.Scope]string{dcoder.ScopeKey: p.Key, dcoder.ScopeUser: p.User, dcoder.ScopeGroup: p.Group}[s]
}

func who(p *dcoder.Principal) string {
	if p.Key != "" {
		return p.Key
	}
	return p.User
}

// until is when what is approved ends: as wished, and with the limit's period at
// the latest, since the next one has room of its own.
func (q *quota) until(ctx context.Context, tenant string, l dcoder.Limit, wished time.Time) (time.Time, error) {
	now := time.Now()
	last := now.Add(24 * time.Hour)
	if l.Window != dcoder.WindowMinute && l.Window != dcoder.WindowNow {
		zone, err := q.Store.TimeZone(ctx, tenant)
		if err != nil {
			return last, err
		}
		loc, err := time.LoadLocation(zone)
		if err != nil {
			return last, err
		}
		_, last = l.Window.Bounds(now, loc)
	}
	if wished.IsZero() {
		return last.UTC().Truncate(time.Microsecond), nil
	}
	if !wished.After(now) || wished.After(last) {
		return last, dcoder.Invalid("until", "until lies in the future, and not beyond %s", last.UTC().Format(time.RFC3339))
	}
	return wished.UTC().Truncate(time.Microsecond), nil
}

type listApprovals struct {
	function.PageInput
	State dcoder.ApprovalState `query:"state" enum:"pending,approved,rejected,expired"`
}

func (q *quota) listApprovals(ctx context.Context, in *listApprovals) (*approvalPage, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	at, err := function.DecodeCursor[dcoder.Position](in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := q.Approvals.List(ctx, tenant, own(ctx), in.State, at, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		last := all[len(all)-1]
		next = function.EncodeCursor(dcoder.Position{At: last.Created, ID: last.ID})
	}
	return &approvalPage{function.NewPage(all, next)}, nil
}

// own is the requester whose approvals the principal may see; "" all.
func own(ctx context.Context) string {
	if p := dcoder.PrincipalOf(ctx); !p.May(dcoder.QuotasRead) {
		return who(p)
	}
	return ""
}

func (q *quota) getApproval(ctx context.Context, in *approvalID) (*approvalAnswer, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	a, err := q.Approvals.Get(ctx, tenant, in.ID)
	if o := own(ctx); err == nil && o != "" && a.Requester != o {
		err = dcoder.NotFound("approval", in.ID)
	}
	return &approvalAnswer{200, a}, err
}

type decideInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Note  string    `json:"note,omitempty" maxLength:"1000"`
		Until time.Time `json:"until,omitzero" doc:"when what is approved ends; default: as asked for"`
	}
}

func (q *quota) approve(ctx context.Context, in *decideInput) (*approvalAnswer, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	a, err := q.Approvals.Get(ctx, tenant, in.ID)
	if err != nil {
		return nil, err
	}
	p, until := dcoder.PrincipalOf(ctx), a.Until
	if a.Requester == who(p) && p.Role != dcoder.RoleTenantAdmin {
		return nil, dcoder.Forbidden("own_request", "a request is approved by somebody else")
	}
	if !in.Body.Until.IsZero() {
		if until, err = q.until(ctx, tenant, a.Of(), in.Body.Until); err != nil {
			return nil, err
		}
	}
	a.Until = until
	return q.decide(ctx, tenant, a, dcoder.ApprovalApproved, in.Body.Note)
}

// decide writes down what came of a request.
func (q *quota) decide(ctx context.Context, tenant string, a dcoder.Approval, state dcoder.ApprovalState, note string) (*approvalAnswer, error) {
	before := a.State
	a.State, a.Note, a.Decider = state, note, who(dcoder.PrincipalOf(ctx))
	a.Decided = time.Now().UTC().Truncate(time.Microsecond)
	if before != state {
		if err := function.Remember(ctx, &approvalAnswer{200, a}); err != nil {
			return nil, err
		}
	}
	a, err := q.Approvals.Decide(ctx, tenant, a)
	return &approvalAnswer{200, a}, err
}

func (q *quota) reject(ctx context.Context, in *decideInput) (*approvalAnswer, error) {
	return q.end(ctx, in, dcoder.ApprovalRejected)
}

func (q *quota) expire(ctx context.Context, in *decideInput) (*approvalAnswer, error) {
	return q.end(ctx, in, dcoder.ApprovalExpired)
}

func (q *quota) end(ctx context.Context, in *decideInput, state dcoder.ApprovalState) (*approvalAnswer, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	a, err := q.Approvals.Get(ctx, tenant, in.ID)
	if err != nil {
		return nil, err
	}
	return q.decide(ctx, tenant, a, state, in.Body.Note)
}
