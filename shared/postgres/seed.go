package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// Seeder tells the ledger what its counters must begin with after Redis lost
// them: what the usage tables hold of each limit's period.
type Seeder struct{ d *Databases }

// NewSeeder returns the seeder on d.
func NewSeeder(d *Databases) *Seeder { return &Seeder{d} }

// Seed returns, for each limit, what its subject used in the limit's period that
// holds at: calls, tokens or micro-units; of a minute, what began within the
// last 60 s.
func (s *Seeder) Seed(ctx context.Context, tenant, zone string, limits []dcoder.Limit, at time.Time) ([]int64, error) {
	return s.SeedWith(ctx, tenant, zone, limits, at, nil)
}

// SeedWith is Seed with the rows that wait to be written: they are counted as
// they will stand, and none that has been written meanwhile is counted twice.
func (s *Seeder) SeedWith(ctx context.Context, tenant, zone string, limits []dcoder.Limit, at time.Time, waiting []dcoder.UsageRecord) ([]int64, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("seed %s: time zone %q: %w", tenant, zone, err)
	}
	sums := make([]int64, len(limits))
	spans := make([]span, len(limits))
	for i, l := range limits {
		spans[i] = spanOf(l, at, loc)
	}
	waiting = metering.Newest(waiting)
	var written map[rowID]dcoder.UsageRecord
	err = s.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`); err != nil {
			return err
		}
		if err := sumSpans(ctx, tx, limits, spans, sums); err != nil {
			return err
		}
		written, err = writtenOf(ctx, tx, waiting)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("seed %s: %w", tenant, err)
	}
	for _, r := range waiting {
		old, known := written[rowID{r.ID, r.Attempt}]
		if known && old.Revision >= r.Revision {
			continue
		}
		for i, l := range limits {
			if known {
				sums[i] -= spans[i].takes(l, &old)
			}
			sums[i] += spans[i].takes(l, &r)
		}
	}
	return sums, nil
}

// span is the time that a limit counts over.
type span struct{ from, to time.Time }

func spanOf(l dcoder.Limit, at time.Time, loc *time.Location) span {
	if l.Window == dcoder.WindowMinute {
		return span{at.Add(-time.Minute), at.Add(time.Hour)} // clocks differ: what is ahead counts
	}
	from, to := l.Window.Bounds(at, loc)
	return span{from, to}
}

// takes returns what a row took from a limit.
func (s span) takes(l dcoder.Limit, r *dcoder.UsageRecord) int64 {
	subject := map[dcoder.Scope]string{dcoder.ScopeKey: r.Key, dcoder.ScopeUser: r.User, dcoder.ScopeGroup: r.Group}[l.Scope]
	if l.Scope == dcoder.ScopeFailover && r.Failover {
		subject = dcoder.AllFailover
	}
	if r.Time.Before(s.from) || !r.Time.Before(s.to) || l.Scope != dcoder.ScopeTenant && subject != l.Subject {
		return 0
	}
	if r.State == dcoder.UsageRefused || !l.Concerns(r.ModelAsked, r.Provider, r.ModelServed) {
		return 0
	}
	switch {
	case l.Metric == dcoder.MetricTokens:
		return r.Tokens.Input + r.Tokens.Output
	case l.Metric == dcoder.MetricMoney:
		return r.Cost
	case r.Attempt == 1:
		return 1
	}
	return 0
}

// sumSpans sums calendar periods from the days' sums, and minutes from the rows.
func sumSpans(ctx context.Context, tx pgx.Tx, limits []dcoder.Limit, spans []span, sums []int64) error {
	batch := &pgx.Batch{}
	for i, l := range limits {
		column := map[dcoder.Metric]string{dcoder.MetricRequests: "requests", dcoder.MetricTokens: "tokens", dcoder.MetricMoney: "cost"}[l.Metric]
		if column == "" {
			return fmt.Errorf("a limit of unknown metric %q", l.Metric)
		}
		into := func(row pgx.Row) error { return row.Scan(&sums[i]) }
		if l.Model != "" {
			queueModel(batch, l, `"time" >= $2 AND "time" < $3`, spans[i].from, spans[i].to).QueryRow(into)
			continue
		}
		if l.Window == dcoder.WindowMinute {
			queueRows(batch, l, spans[i]).QueryRow(into)
			continue
		}
		subject := l.Subject
		if l.Scope == dcoder.ScopeTenant {
			subject = ""
		}
		batch.Queue(`SELECT coalesce(sum(`+column+`), 0)::bigint FROM usage_days WHERE scope = $1 AND subject = $2 AND day >= $3 AND day < $4`,
			l.Scope, subject, dateOf(spans[i].from), dateOf(spans[i].to)).QueryRow(into)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// rowSums is what rows come to, subjectColumn whose they are.
var (
	rowSums = map[dcoder.Metric]string{
		dcoder.MetricRequests: "count(*) FILTER (WHERE attempt = 1 AND state <> 'refused')", dcoder.MetricTokens: "sum(input_tokens + output_tokens)", dcoder.MetricMoney: "sum(cost)",
	}
	subjectColumn = map[dcoder.Scope]string{dcoder.ScopeKey: "key", dcoder.ScopeUser: "user_id", dcoder.ScopeGroup: "group_id"}
)

// queueModel sums the rows of a limit for one model, as it was asked for or as it
// served; $2 and $3 bound them in where.
func queueModel(batch *pgx.Batch, l dcoder.Limit, where string, from, to time.Time) *pgx.QueuedQuery {
	query := `SELECT coalesce(` + rowSums[l.Metric] + `, 0)::bigint FROM usage
WHERE (model_asked = $1 OR model_served = $1 OR provider || '/' || model_served = $1) AND ` + where
	if column := subjectColumn[l.Scope]; column != "" {
		return batch.Queue(query+` AND `+column+` = $4`, l.Model, from, to, l.Subject)
	}
	return batch.Queue(query, l.Model, from, to)
}

func queueRows(batch *pgx.Batch, l dcoder.Limit, s span) *pgx.QueuedQuery {
	sum := rowSums[l.Metric]
	column := subjectColumn[l.Scope]
	query := `SELECT coalesce(` + sum + `, 0)::bigint FROM usage WHERE "time" >= $1 AND "time" < $2`
	if column == "" {
		return batch.Queue(query, s.from, s.to)
	}
	return batch.Queue(query+` AND `+column+` = $3`, s.from, s.to, l.Subject)
}

// dateOf is the local date of a period's bound, as the days' table names it.
func dateOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

type rowID struct {
	id      string
	attempt int
}

// writtenOf returns what is already written of the rows that wait.
func writtenOf(ctx context.Context, tx pgx.Tx, waiting []dcoder.UsageRecord) (map[rowID]dcoder.UsageRecord, error) {
	out := map[rowID]dcoder.UsageRecord{}
	if len(waiting) == 0 {
		return out, nil
	}
	ids := make([]string, len(waiting))
	for i := range waiting {
		ids[i] = waiting[i].ID
	}
	rows, err := tx.Query(ctx, `
SELECT id::text, attempt, revision, "time", key, user_id, group_id, input_tokens, output_tokens, cost, failover,
  model_asked, provider, model_served FROM usage WHERE id = ANY($1::uuid[])`, ids)
	if err != nil {
		return nil, err
	}
	var r dcoder.UsageRecord
	_, err = pgx.ForEachRow(rows, []any{
		&r.ID, &r.Attempt, &r.Revision, &r.Time, &r.Key, &r.User, &r.Group, &r.Tokens.Input, &r.Tokens.Output, &r.Cost, &r.Failover,
		&r.ModelAsked, &r.Provider, &r.ModelServed,
	},
		func() error {
			out[rowID{r.ID, r.Attempt}] = r
			return nil
		})
	return out, err
}
