package quota

import (
	"context"
	"log/slog"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// use is a limit and how far its use has come.
type use struct {
	dcoder.Limit
	Used      int64     `json:"used"`
	Reserved  int64     `json:"reserved" doc:"held by running calls"`
	Remaining int64     `json:"remaining"`
	Reset     time.Time `json:"reset" doc:"when the period ends, or room may come back"`
	Source    string    `json:"source" enum:"ledger,rows,mirror" doc:"who counted: the ledger while calls run, or the rows written so far"`
}

type usePage struct{ Body function.Page[use] }

type useInput struct {
	Key    string `query:"key" maxLength:"64" doc:"show the limits of each key for this one"`
	User   string `query:"user" maxLength:"64"`
	Group  string `query:"group" maxLength:"64"`
	Period string `query:"period" maxLength:"10" doc:"a day, week or month that is over: 2026-11-22, 2026-W47, 2026-11; absent: now"`
}

func (q *quota) used(ctx context.Context, in *useInput) (*usePage, error) {
	tenant := owner(ctx)
	if in.Period != "" {
		return q.mirrored(ctx, tenant, in.Period)
	}
	all, err := q.Store.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	items, err := q.uses(ctx, tenant, named(all, in))
	return &usePage{function.NewPage(items, "")}, err
}

// named keeps the limits that count one subject, filled in where the question
// names it.
func named(all []dcoder.Limit, in *useInput) (out []dcoder.Limit) {
	asked := map[dcoder.Scope]string{dcoder.ScopeKey: in.Key, dcoder.ScopeUser: in.User, dcoder.ScopeGroup: in.Group}
	for _, l := range all {
		if l.Subject == "" {
			l.Subject = asked[l.Scope]
		}
		if l.Scope == dcoder.ScopeTenant || l.Scope == dcoder.ScopePlatform || l.Subject != "" {
			out = append(out, l)
		}
	}
	return out
}

// uses asks the ledger, and the rows where it cannot be asked or has not counted
// yet.
func (q *quota) uses(ctx context.Context, tenant string, limits []dcoder.Limit) ([]use, error) {
	if len(limits) == 0 {
		return nil, nil
	}
	zone, err := q.Store.TimeZone(ctx, tenant)
	if err != nil {
		return nil, err
	}
	standings, err := q.Ledger.Look(ctx, tenant, zone, limits)
	if err != nil {
		slog.WarnContext(ctx, "the ledger cannot be asked; the rows are", "error", err)
		standings = make([]dcoder.Standing, len(limits))
	}
	if err := q.fillFromRows(ctx, tenant, limits, standings); err != nil {
		return nil, err
	}
	items := make([]use, len(limits))
	now := time.Now()
	for i, l := range limits {
		most, _ := l.MaxAt(now)
		s := standings[i]
		items[i] = use{l, s.Used, s.Reserved, max(0, most-s.Used-s.Reserved), s.Reset, "rows"}
		if s.Known {
			items[i].Source = "ledger"
		}
	}
	return items, nil
}

// fillFromRows sums what is not known; parallel calls and the platform's sums
// stand in no row of a tenant.
func (q *quota) fillFromRows(ctx context.Context, tenant string, limits []dcoder.Limit, standings []dcoder.Standing) error {
	var missing []dcoder.Limit
	var at []int
	for i, l := range limits {
		if !standings[i].Known && l.Window != dcoder.WindowNow && l.Scope != dcoder.ScopePlatform {
			missing, at = append(missing, l), append(at, i)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	used, ends, err := q.Store.Used(ctx, tenant, missing, time.Now())
	if err != nil {
		return err
	}
	for i, j := range at {
		standings[j].Used, standings[j].Reset = used[i], ends[i]
	}
	return nil
}

func (q *quota) mirrored(ctx context.Context, tenant, period string) (*usePage, error) {
	told, err := q.Store.Mirrored(ctx, tenant, period)
	if err != nil {
		return nil, err
	}
	items := make([]use, len(told))
	for i, t := range told {
		items[i] = use{Limit: t.Limit, Used: t.Used, Remaining: max(0, t.Limit.Max-t.Used), Reset: t.At, Source: "mirror"}
	}
	return &usePage{function.NewPage(items, "")}, nil
}
