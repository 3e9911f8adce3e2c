package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// standing is what a limit's subject used in one period.
type standing struct {
	limit  dcoder.Limit // subject filled in
	period metering.Period
	used   int64
}

// standings returns, for each limit and each subject that moved, what was used in
// each period that moved.
func standings(ctx context.Context, tx pgx.Tx, limits []dcoder.Limit, moved []usageDay) ([]standing, error) {
	out := touched(limits, moved)
	if len(out) == 0 {
		return nil, nil
	}
	scopes, subjects := make([]string, len(out)), make([]string, len(out))
	from, to, numbers := make([]time.Time, len(out)), make([]time.Time, len(out)), make([]int, len(out))
	for i, s := range out {
		numbers[i], scopes[i], subjects[i] = i, string(s.limit.Scope), s.limit.Subject
		from[i], to[i] = s.period.From, s.period.To
	}
	rows, err := tx.Query(ctx, `
SELECT q.n, sum(d.requests)::bigint, sum(d.tokens)::bigint, sum(d.cost)::bigint
FROM unnest($1::int[], $2::text[], $3::text[], $4::date[], $5::date[]) AS q(n, scope, subject, first, past)
JOIN usage_days d ON d.scope = q.scope AND d.subject = q.subject AND d.day >= q.first AND d.day < q.past
GROUP BY q.n`, numbers, scopes, subjects, from, to)
	if err != nil {
		return nil, fmt.Errorf("sum the days of %d limits: %w", len(out), err)
	}
	var n int
	var requests, tokens, cost int64
	_, err = pgx.ForEachRow(rows, []any{&n, &requests, &tokens, &cost}, func() error {
		out[n].used = map[dcoder.Metric]int64{
			dcoder.MetricRequests: requests, dcoder.MetricTokens: tokens, dcoder.MetricMoney: cost,
		}[out[n].limit.Metric]
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sum the days of %d limits: %w", len(out), err)
	}
	return out, sumModels(ctx, tx, out)
}

// sumModels sums the standings of limits for one model from the rows.
func sumModels(ctx context.Context, tx pgx.Tx, all []standing) error {
	batch := &pgx.Batch{}
	for i := range all {
		if s := &all[i]; s.limit.Model != "" {
			queueModel(batch, s.limit, `day >= $2 AND day < $3`, s.period.From, s.period.To).QueryRow(func(row pgx.Row) error { return row.Scan(&s.used) })
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("sum the rows of models: %w", err)
	}
	return nil
}

// touched lists the standings that days which moved belong to, each once.
func touched(limits []dcoder.Limit, moved []usageDay) []standing {
	type identity struct {
		limit   int
		subject string
		period  string
	}
	seen := map[identity]bool{}
	var out []standing
	for i, l := range limits {
		for _, d := range moved {
			if d.Scope != l.Scope || l.Subject != "" && l.Subject != d.Subject {
				continue
			}
			period, ok := metering.PeriodOf(l.Window, d.Day)
			if !ok || seen[identity{i, d.Subject, period.Name}] {
				continue
			}
			seen[identity{i, d.Subject, period.Name}] = true
			l.Subject = d.Subject
			out = append(out, standing{limit: l, period: period})
			l.Subject = limits[i].Subject
		}
	}
	return out
}

// announce records which thresholds were reached and which use is worth showing,
// and returns the events of those that were not announced before.
func announce(ctx context.Context, tx pgx.Tx, at time.Time, all []standing) ([]dcoder.EventData, error) {
	var events []dcoder.EventData
	batch := &pgx.Batch{}
	for _, s := range all {
		for _, percent := range metering.Crossed(s.limit, s.used) {
			queueThreshold(batch, s, percent, func() {
				events = append(events, dcoder.BudgetReached{Limit: s.limit, Threshold: percent, Used: s.used, Period: s.period.Name, At: at})
			})
		}
		queueShown(batch, s, func() {
			events = append(events, dcoder.QuotaUpdated{Limit: s.limit, Used: s.used, Period: s.period.Name, At: at})
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("record what limits were reached: %w", err)
	}
	return events, nil
}

func queueThreshold(b *pgx.Batch, s standing, percent int, first func()) {
	l := s.limit
	b.Queue(`
INSERT INTO usage_thresholds (scope, subject, model, metric, "window", period, max, threshold)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		l.Scope, l.Subject, l.Model, l.Metric, l.Window, s.period.Name, l.Max, percent).Exec(onChange(first))
}

// queueShown moves what was last shown, where the change is worth it; comparing
// and writing are one step.
func queueShown(b *pgx.Batch, s standing, changed func()) {
	l := s.limit
	b.Queue(`
INSERT INTO usage_shown AS u (scope, subject, model, metric, "window", period, used)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (scope, subject, model, metric, "window", period) DO UPDATE SET used = excluded.used
WHERE u.used <> excluded.used AND abs(u.used - excluded.used) >= greatest($8, u.used / 20)`,
		l.Scope, l.Subject, l.Model, l.Metric, l.Window, s.period.Name, s.used, metering.Step(l)).Exec(onChange(changed))
}

func onChange(f func()) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() > 0 {
			f()
		}
		return nil
	}
}
