// Package usage hears what was used, writes it down once, and answers questions
// about it: rows, sums, percentiles. From what it writes it tells when a budget's
// threshold is reached and how far a quota has come.
//
// It refuses nobody: the ledger decides about calls while they run.
package usage

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// Store keeps the rows of each tenant apart.
type Store interface {
	// Write puts records down in one transaction: each (id, attempt) once, a
	// higher revision in place of the row. metering.ErrPoison says that the data
	// itself was refused.
	Write(ctx context.Context, tenant string, records []dcoder.UsageRecord) error
	// Report sums what the query chooses.
	Report(ctx context.Context, tenant string, q metering.Query) (metering.Report, error)
	// Statement sums a month of the tenant's calendar by dimensions, in a fixed
	// order; zone is the calendar's.
	Statement(ctx context.Context, tenant string, month time.Time, by []metering.Dimension) (zone string, lines []metering.StatementLine, err error)
	// Months lists the months that have rows, newest first.
	Months(ctx context.Context, tenant string) ([]metering.MonthSum, error)
	// Rows returns chosen rows, newest first, after a place.
	Rows(ctx context.Context, tenant string, q metering.Query, after metering.Place, limit int) ([]dcoder.UsageRecord, error)
}

// Deps is what the function works with.
type Deps struct {
	Store Store
}

// mostEvents of one transaction; an event holds the records of one settle flush.
const mostEvents = 200

// New returns the function.
func New(d Deps) function.Func {
	u := &usage{d}
	return function.New("usage",
		function.OnBatch(mostEvents, u.recorded),
		function.Call("GET /v1/usage", u.own, function.Allow(dcoder.UsageRead),
			function.Summary("What the tenant used: sums, percentiles, groups or rows")),
		function.Call("GET /v1/usage/savings", u.savings, function.Allow(dcoder.UsageRead),
			function.Summary("What calls cost beside what they would have cost, and what the cache had to do with it")),
		function.Call("GET /v1/tenants/{id}/usage", u.ofTenant, function.Allow(dcoder.UsageRead),
			function.Summary("What one tenant used; its own, or any for the platform owner")),
		function.Call("GET /v1/usage/statements", u.months, function.Allow(dcoder.UsageRead),
			function.Summary("The months that have a statement, newest first")),
		function.Handle("GET /v1/usage/statements/{month}", u.statement, function.Allow(dcoder.UsageRead), function.Doc(function.Schema{
			Summary:  "What a month came to, as JSON or CSV (?format=csv, ?by=group,user,model): the same rows make the same bytes",
			Response: statement{},
		})),
		function.Scaling{Concurrency: 20, Timeout: 60 * time.Second, CPU: "100m", Memory: "256Mi"},
	)
}

type usage struct{ Deps }
