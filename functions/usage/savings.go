package usage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// savingsQuestion chooses calls as the other questions about usage do.
type savingsQuestion struct {
	From     string `query:"from" maxLength:"40" doc:"RFC 3339 time or date (UTC), included; default 30 days before to"`
	To       string `query:"to" maxLength:"40" doc:"RFC 3339 time or date (UTC), not included; default now"`
	Model    string `query:"model" maxLength:"256" doc:"as served or as asked for"`
	Key      string `query:"key" maxLength:"64" doc:"virtual key id"`
	User     string `query:"user" maxLength:"256"`
	Group    string `query:"group" maxLength:"256"`
	Provider string `query:"provider" maxLength:"64"`
}

type savingsAnswer struct{ Body savings }

type savings struct {
	Tenant   string    `json:"tenant"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Currency string    `json:"currency,omitempty" doc:"of every amount in this answer; amounts are millionths of it"`
	saved
	HitRate float64   `json:"hitRate" doc:"answers of the cache among the calls that had to do with it"`
	Cache   []outcome `json:"cache" doc:"by what the cache did: hit-exact, hit-semantic, miss, bypass, none"`
}

type saved struct {
	Requests    int64   `json:"requests"`
	Billed      int64   `json:"billed" doc:"what was paid to providers"`
	Without     int64   `json:"without" doc:"what would have been paid without cache and compression"`
	Saved       int64   `json:"saved" doc:"without less billed"`
	SavedShare  float64 `json:"savedShare" doc:"saved of without"`
	TotalMSP50  float64 `json:"totalMsP50" doc:"milliseconds to the last byte, of calls without an error"`
	FirstMSP50  float64 `json:"firstTokenMsP50" doc:"milliseconds to the first content, of calls that had one"`
	OutputTotal int64   `json:"outputTokens" doc:"that providers wrote"`
}

type outcome struct {
	Outcome string `json:"outcome"`
	saved
}

// savings says what the tenant saved.
func (u *usage) savings(ctx context.Context, in *savingsQuestion) (*savingsAnswer, error) {
	p := dcoder.PrincipalOf(ctx)
	if p.Tenant == dcoder.PlatformTenant {
		return nil, dcoder.Invalid("id", "the platform itself uses nothing")
	}
	q := question{From: in.From, To: in.To, Model: in.Model, Key: in.Key, User: in.User, Group: in.Group, Provider: in.Provider}
	query, err := q.query(time.Now().UTC())
	if err != nil {
		return nil, err
	}
	query.By = []metering.Dimension{metering.ByCache}
	r, err := u.Store.Report(ctx, p.Tenant, query)
	if err != nil {
		return nil, err
	}
	return &savingsAnswer{savingsOf(p.Tenant, query, r)}, nil
}

func savingsOf(tenant string, q metering.Query, r metering.Report) savings {
	out := savings{Tenant: tenant, From: q.From, To: q.To, Currency: r.Currency, saved: savedOf(r.Total), Cache: []outcome{}}
	hits, asked := int64(0), int64(0)
	for _, g := range r.Groups {
		o := outcome{g.By[metering.ByCache], savedOf(g.Sums)}
		switch o.Outcome {
		case "hit-exact", "hit-semantic":
			hits += o.Requests
			asked += o.Requests
		case "miss":
			asked += o.Requests
		case "":
			o.Outcome = "none"
		}
		out.Cache = append(out.Cache, o)
	}
	slices.SortFunc(out.Cache, func(a, b outcome) int { return cmp.Compare(a.Outcome, b.Outcome) })
	out.HitRate = share(hits, asked)
	return out
}

func savedOf(s metering.Sums) saved {
	less := s.CostBaseline - s.Cost
	return saved{
		Requests: s.Requests, Billed: s.Cost, Without: s.CostBaseline, Saved: less, SavedShare: share(less, s.CostBaseline),
		TotalMSP50: s.Total.P50, FirstMSP50: s.FirstToken.P50, OutputTotal: s.Tokens.Output,
	}
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
