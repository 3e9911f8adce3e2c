package quota

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// budget is a limit of money under an id, which is its identity spelled out.
type budget struct {
	ID string `json:"id"`
	dcoder.Limit
}

type budgetPage struct{ Body function.Page[budget] }

type budgetAnswer struct {
	Status int
	Body   budget
}

type budgetID struct {
	ID string `path:"id" maxLength:"400"`
}

// gone is the answer to what was removed.
type gone struct{ Status int }

func idOf(l dcoder.Limit) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{string(l.Scope), l.Subject, l.Model, string(l.Window)}, "\n")))
}

// limitOf is the identity that an id spells out; 404 for one that is none.
func limitOf(id string) (dcoder.Limit, error) {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	parts := strings.Split(string(raw), "\n")
	if err != nil || len(parts) != 4 {
		return dcoder.Limit{}, dcoder.NotFound("budget", id)
	}
	return dcoder.Limit{
		Scope: dcoder.Scope(parts[0]), Subject: parts[1], Model: parts[2], Metric: dcoder.MetricMoney, Window: dcoder.Window(parts[3]),
	}, nil
}

func (q *quota) listBudgets(ctx context.Context, _ *struct{}) (*budgetPage, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := q.Store.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var out []budget
	for _, l := range all {
		if l.Metric == dcoder.MetricMoney {
			out = append(out, budget{idOf(l), l})
		}
	}
	return &budgetPage{function.NewPage(out, "")}, nil
}

type newBudget struct {
	Body struct {
		Scope   dcoder.Scope       `json:"scope" enum:"key,user,group,tenant"`
		Subject string             `json:"subject,omitempty" maxLength:"64" doc:"key, user or group id; absent: each of the scope by itself"`
		Model   string             `json:"model,omitempty" maxLength:"120" doc:"only calls of this model or alias"`
		Window  dcoder.Window      `json:"window" enum:"day,week,month"`
		Max     int64              `json:"max" minimum:"0" maximum:"1000000000000000" doc:"micro-units of the tenant's currency"`
		Action  dcoder.LimitAction `json:"action,omitempty" enum:"alert,throttle,deny,approve" doc:"default alert"`
		Alerts  []int              `json:"alerts,omitempty" maxItems:"10" doc:"per cent of max at which an event goes out, ascending"`
	}
}

func (q *quota) createBudget(ctx context.Context, in *newBudget) (*budgetAnswer, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	b := in.Body
	l, err := readOne(tenant, limit{
		Scope: b.Scope, Subject: b.Subject, Model: b.Model, Metric: dcoder.MetricMoney, Window: b.Window, Max: b.Max, Action: b.Action, Alerts: b.Alerts,
	})
	if err != nil {
		return nil, err
	}
	out := &budgetAnswer{201, budget{idOf(l), l}}
	if err := function.Remember(ctx, out); err != nil {
		return nil, err
	}
	return out, q.Store.Put(ctx, tenant, l, true)
}

// readOne checks a limit whose fields stand at the top of the body.
func readOne(tenant string, in limit) (dcoder.Limit, error) {
	all, err := read(tenant, []limit{in})
	if err != nil {
		e := dcoder.AsError(err)
		e.Field = strings.TrimPrefix(e.Field, "limits[0].")
		return dcoder.Limit{}, e
	}
	return all[0], nil
}

type budgetUse struct {
	Body struct {
		ID string `json:"id"`
		use
	}
}

func (q *quota) getBudget(ctx context.Context, in *budgetID) (*budgetUse, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	l, err := q.budget(ctx, tenant, in.ID)
	if err != nil {
		return nil, err
	}
	out := &budgetUse{}
	out.Body.ID, out.Body.use = in.ID, use{Limit: l, Source: "rows"}
	if l.Scope != dcoder.ScopeTenant && l.Subject == "" {
		return out, nil // each subject has a sum of its own
	}
	uses, err := q.uses(ctx, tenant, []dcoder.Limit{l})
	if err == nil {
		out.Body.use = uses[0]
	}
	return out, err
}

func (q *quota) budget(ctx context.Context, tenant, id string) (dcoder.Limit, error) {
	want, err := limitOf(id)
	if err != nil {
		return want, err
	}
	all, err := q.Store.List(ctx, tenant)
	if err != nil {
		return want, err
	}
	for _, l := range all {
		if l.Metric == dcoder.MetricMoney && idOf(l) == id {
			return l, nil
		}
	}
	return want, dcoder.NotFound("budget", id)
}

type putBudget struct {
	ID   string `path:"id" maxLength:"400"`
	Body struct {
		Max    int64              `json:"max" minimum:"0" maximum:"1000000000000000" doc:"micro-units of the tenant's currency"`
		Action dcoder.LimitAction `json:"action,omitempty" enum:"alert,throttle,deny,approve" doc:"default alert"`
		Alerts []int              `json:"alerts,omitempty" maxItems:"10"`
	}
}

func (q *quota) putBudget(ctx context.Context, in *putBudget) (*budgetAnswer, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	l, err := limitOf(in.ID)
	if err != nil {
		return nil, err
	}
	l, err = readOne(tenant, limit{
		Scope: l.Scope, Subject: l.Subject, Model: l.Model, Metric: l.Metric, Window: l.Window, Max: in.Body.Max, Action: in.Body.Action, Alerts: in.Body.Alerts,
	})
	if err != nil {
		return nil, err
	}
	return &budgetAnswer{200, budget{in.ID, l}}, q.Store.Put(ctx, tenant, l, false)
}

func (q *quota) deleteBudget(ctx context.Context, in *budgetID) (*gone, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	l, err := limitOf(in.ID)
	if err != nil {
		return nil, err
	}
	return &gone{204}, q.Store.Remove(ctx, tenant, l)
}
