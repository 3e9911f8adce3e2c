package usage

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// statement is what a tenant used in a month. It has no date of its own making:
// the same rows make the same bytes.
type statement struct {
	Tenant   string          `json:"tenant"`
	Month    string          `json:"month" doc:"of the tenant's calendar, 2026-11"`
	TimeZone string          `json:"timezone" doc:"whose midnights bound the month"`
	By       []string        `json:"by" nullable:"false"`
	Lines    []statementLine `json:"lines" nullable:"false" doc:"in the order of their values"`
	Total    []currencyTotal `json:"total" nullable:"false" doc:"one for each currency"`
}

type statementLine struct {
	By            map[string]string `json:"by"`
	Requests      int64             `json:"requests" doc:"calls; the attempts of one call count once, refused calls do not"`
	Attempts      int64             `json:"attempts"`
	Estimated     int64             `json:"estimated" doc:"attempts whose tokens were counted here, not reported by the provider"`
	Tokens        tokens            `json:"tokens"`
	Cost          int64             `json:"cost" doc:"millionths of the currency"`
	Currency      string            `json:"currency"`
	PriceVersions []string          `json:"priceVersions" nullable:"false"`
}

type currencyTotal struct {
	Currency string `json:"currency"`
	Requests int64  `json:"requests"`
	Tokens   int64  `json:"tokens"`
	Cost     int64  `json:"cost"`
}

// statement writes one statement.
func (u *usage) statement(w http.ResponseWriter, r *http.Request) error {
	ask, err := askOf(r)
	if err != nil {
		return err
	}
	tenant, err := customer(r.Context())
	if err != nil {
		return err
	}
	zone, lines, err := u.Store.Statement(r.Context(), tenant, ask.month, ask.by)
	if err != nil {
		return err
	}
	month := ask.month.Format(monthShape)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if ask.csv {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
		w.Header().Set("Content-Disposition", `attachment; filename="statement-`+month+`.csv"`)
		_, err = w.Write(csvOf(month, ask.by, lines))
		return err
	}
	body, err := json.Marshal(statementOf(tenant, month, zone, ask.by, lines))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(body)
	return err
}

func customer(ctx context.Context) (string, error) {
	if t := dcoder.PrincipalOf(ctx).Tenant; t != dcoder.PlatformTenant {
		return t, nil
	}
	return "", dcoder.Invalid(dcoder.HeaderTenant, "name the tenant: the platform itself uses nothing")
}

const monthShape = "2006-01"

type statementAsk struct {
	month time.Time
	by    []metering.Dimension
	csv   bool
}

func askOf(r *http.Request) (ask statementAsk, err error) {
	if ask.month, err = time.Parse(monthShape, r.PathValue("month")); err != nil || ask.month.Year() < 2000 || ask.month.Year() >= 2200 {
		return ask, dcoder.Invalid("month", "a month is written 2026-11")
	}
	q := r.URL.Query()
	switch format := q.Get("format"); format {
	case "", "json", "csv":
		ask.csv = format == "csv"
	default:
		return ask, dcoder.Invalid("format", "format is json or csv")
	}
	ask.by, err = statementBy(q.Get("by"))
	return ask, err
}

// statementBy reads what lines are told apart by; usually group, user and model.
func statementBy(text string) (by []metering.Dimension, err error) {
	if text == "" {
		return metering.StatementDimensions[:3], nil
	}
	for name := range strings.SplitSeq(text, ",") {
		d := metering.Dimension(name)
		if !slices.Contains(metering.StatementDimensions, d) || slices.Contains(by, d) {
			return nil, dcoder.Invalid("by", "by takes group, user, model, key and provider, each once")
		}
		by = append(by, d)
	}
	return by, nil
}

func statementOf(tenant, month, zone string, by []metering.Dimension, lines []metering.StatementLine) statement {
	s := statement{Tenant: tenant, Month: month, TimeZone: zone, Lines: make([]statementLine, len(lines)), Total: []currencyTotal{}}
	for _, d := range by {
		s.By = append(s.By, string(d))
	}
	for i, l := range lines {
		values := make(map[string]string, len(by))
		for j, d := range by {
			values[string(d)] = l.By[j]
		}
		s.Lines[i] = statementLine{values, l.Requests, l.Attempts, l.Estimated, viewOfTokens(l.Tokens), l.Cost, l.Currency, l.PriceVersions}
		t := s.total(l.Currency)
		t.Requests, t.Tokens, t.Cost = t.Requests+l.Requests, t.Tokens+l.Tokens.Input+l.Tokens.Output, t.Cost+l.Cost
	}
	slices.SortFunc(s.Total, func(a, b currencyTotal) int { return strings.Compare(a.Currency, b.Currency) })
	return s
}

func (s *statement) total(currency string) *currencyTotal {
	for i := range s.Total {
		if s.Total[i].Currency == currency {
			return &s.Total[i]
		}
	}
	s.Total = append(s.Total, currencyTotal{Currency: currency})
	return &s.Total[len(s.Total)-1]
}

type monthSum struct {
	Month    string `json:"month"`
	Requests int64  `json:"requests"`
	Tokens   int64  `json:"tokens"`
	Cost     int64  `json:"cost" doc:"millionths of the tenant's currency"`
}

type monthsAnswer struct{ Body function.Page[monthSum] }

// months lists the months that have rows.
func (u *usage) months(ctx context.Context, _ *struct{}) (*monthsAnswer, error) {
	tenant, err := customer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := u.Store.Months(ctx, tenant)
	if err != nil {
		return nil, err
	}
	items := make([]monthSum, len(all))
	for i, m := range all {
		items[i] = monthSum(m)
	}
	return &monthsAnswer{function.NewPage(items, "")}, nil
}
