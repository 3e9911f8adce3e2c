package quota

import (
	"context"
	"slices"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

type checkInput struct {
	Body struct {
		Model    string `json:"model,omitempty" maxLength:"200" doc:"model or alias that would be called"`
		Requests int64  `json:"requests,omitempty" minimum:"0" maximum:"1000000" doc:"default 1"`
		Tokens   int64  `json:"tokens,omitempty" minimum:"0" maximum:"1000000000000" doc:"input and output together"`
		Money    int64  `json:"money,omitempty" minimum:"0" maximum:"1000000000000000" doc:"micro-units of the tenant's currency"`
		Key      string `json:"key,omitempty" maxLength:"64" doc:"who would call; absent: who asks. Others need the permission to read quotas"`
		User     string `json:"user,omitempty" maxLength:"64"`
		Group    string `json:"group,omitempty" maxLength:"64"`
	}
}

type checked struct {
	Body struct {
		Fits   bool      `json:"fits" doc:"whether no limit would hold the call back now"`
		Limits []fitting `json:"limits" nullable:"false" doc:"every limit that such a call counts in"`
	}
}

type fitting struct {
	use
	Asked int64 `json:"asked"`
	Fits  bool  `json:"fits"`
}

// check answers without reserving: another call may take the room meanwhile.
func (q *quota) check(ctx context.Context, in *checkInput) (*checked, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	who, err := in.who(ctx)
	if err != nil {
		return nil, err
	}
	all, err := q.Store.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	limits := slices.DeleteFunc(auth.LimitsFor(who, all), func(l dcoder.Limit) bool {
		return l.Model != "" && l.Model != in.Body.Model
	})
	uses, err := q.uses(ctx, tenant, limits)
	if err != nil {
		return nil, err
	}
	out := &checked{}
	out.Body.Fits, out.Body.Limits = true, []fitting{}
	for _, u := range uses {
		f := fitting{use: u, Asked: in.asked(u.Metric)}
		f.Fits = f.Asked <= f.Remaining || f.Asked == 0
		out.Body.Fits = out.Body.Fits && (f.Fits || !u.Action.Holds())
		out.Body.Limits = append(out.Body.Limits, f)
	}
	return out, nil
}

// who would make the call: whoever asks, unless the question names another.
func (in *checkInput) who(ctx context.Context) (dcoder.Principal, error) {
	p := dcoder.PrincipalOf(ctx)
	b := &in.Body
	if b.Key == "" && b.User == "" && b.Group == "" {
		return *p, nil
	}
	own := (b.Key == "" || b.Key == p.Key) && (b.User == "" || b.User == p.User) && (b.Group == "" || b.Group == p.Group)
	if !own && !p.May(dcoder.QuotasRead) {
		return dcoder.Principal{}, dcoder.Forbidden("permission_denied", "checking for others needs the permission %q", dcoder.QuotasRead)
	}
	return dcoder.Principal{Tenant: p.Tenant, Key: b.Key, User: b.User, Group: b.Group}, nil
}

func (in *checkInput) asked(m dcoder.Metric) int64 {
	requests := max(in.Body.Requests, 1)
	switch m {
	case dcoder.MetricRequests, dcoder.MetricParallel:
		return requests
	case dcoder.MetricTokens:
		return in.Body.Tokens
	default:
		return in.Body.Money
	}
}
