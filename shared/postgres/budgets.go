package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const sameLimit = `scope = $1 AND subject = $2 AND model = $3 AND metric = $4 AND "window" = $5`

// Put writes one limit: a new one, 409 when it stands; or in the place of the one
// with its identity, 404 when there is none.
func (l *Limits) Put(ctx context.Context, tenant string, in dcoder.Limit, isNew bool) error {
	return l.one(ctx, tenant, in, func(tx pgx.Tx, before *dcoder.Limit) (told, error) {
		switch {
		case isNew && before != nil:
			return told{}, dcoder.Conflict("limit_exists", "there is such a limit already: change it instead")
		case !isNew && before == nil:
			return told{}, dcoder.NotFound("budget", limitName(in))
		}
		_, err := tx.Exec(ctx, `INSERT INTO limits (`+limitColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (scope, subject, model, metric, "window") DO UPDATE SET max = excluded.max, action = excluded.action, alerts = excluded.alerts`,
			in.Scope, in.Subject, in.Model, in.Metric, in.Window, in.Max, in.Action, orEmpty(in.Alerts))
		if err != nil {
			return told{}, fmt.Errorf("write limit: %w", err)
		}
		return told{Change: Change{Action: "limit.set", Object: "limit", ID: limitName(in), Before: before, After: in}, event: configChanged("quota", tenant, "set")}, nil
	})
}

// Remove removes the limit of that identity; 404 when there is none.
func (l *Limits) Remove(ctx context.Context, tenant string, in dcoder.Limit) error {
	return l.one(ctx, tenant, in, func(tx pgx.Tx, before *dcoder.Limit) (told, error) {
		if before == nil {
			return told{}, dcoder.NotFound("budget", limitName(in))
		}
		if _, err := tx.Exec(ctx, `DELETE FROM limits WHERE `+sameLimit, in.Scope, in.Subject, in.Model, in.Metric, in.Window); err != nil {
			return told{}, fmt.Errorf("remove limit: %w", err)
		}
		return told{Change: Change{Action: "limit.deleted", Object: "limit", ID: limitName(in), Before: before}, event: configChanged("quota", tenant, "set")}, nil
	})
}

// one changes one limit, which is locked.
func (l *Limits) one(ctx context.Context, tenant string, in dcoder.Limit, work func(pgx.Tx, *dcoder.Limit) (told, error)) error {
	return l.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		if _, err := tx.Exec(ctx, `LOCK TABLE limits IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return told{}, fmt.Errorf("lock limits: %w", err)
		}
		rows, err := tx.Query(ctx, `SELECT `+limitColumns+` FROM limits WHERE `+sameLimit, in.Scope, in.Subject, in.Model, in.Metric, in.Window)
		if err != nil {
			return told{}, fmt.Errorf("read limit: %w", err)
		}
		found, err := pgx.CollectRows(rows, scanLimit)
		if err != nil {
			return told{}, fmt.Errorf("read limit: %w", err)
		}
		if len(found) == 0 {
			return work(tx, nil)
		}
		return work(tx, &found[0])
	})
}

func limitName(l dcoder.Limit) string {
	return string(l.Scope) + "/" + l.Subject + "/" + l.Model + "/" + string(l.Metric) + "/" + string(l.Window)
}

// TimeZone is whose days, weeks and months a tenant's limits mean; UTC for the
// platform.
func (l *Limits) TimeZone(ctx context.Context, tenant string) (string, error) {
	if tenant == dcoder.PlatformTenant {
		return "UTC", nil
	}
	h, err := l.d.home(ctx, tenant)
	if err != nil {
		return "", err
	}
	return h.tenant.TimeZone, nil
}

// Mirror remembers counters as they were told; an older one changes nothing.
func (l *Limits) Mirror(ctx context.Context, tenant string, told []dcoder.QuotaUpdated) error {
	return l.d.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, t := range told {
			batch.Queue(`
INSERT INTO quota_mirror AS m (scope, subject, model, metric, "window", period, max, used, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (scope, subject, model, metric, "window", period) DO UPDATE SET max = excluded.max, used = excluded.used, at = excluded.at
WHERE m.at < excluded.at`, t.Limit.Scope, t.Limit.Subject, t.Limit.Model, t.Limit.Metric, t.Limit.Window, t.Period, t.Limit.Max, t.Used, t.At)
		}
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("mirror %d counters: %w", len(told), err)
		}
		return nil
	})
}

// Mirrored returns what is remembered of a period.
func (l *Limits) Mirrored(ctx context.Context, tenant, period string) (all []dcoder.QuotaUpdated, err error) {
	err = l.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT scope, subject, model, metric, "window", max, used, period, at FROM quota_mirror WHERE period = $1 ORDER BY 1, 2, 3, 4, 5`, period)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (q dcoder.QuotaUpdated, err error) {
			err = row.Scan(&q.Limit.Scope, &q.Limit.Subject, &q.Limit.Model, &q.Limit.Metric, &q.Limit.Window, &q.Limit.Max, &q.Used, &q.Period, &q.At)
			q.At = q.At.UTC()
			return q, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read mirrored counters: %w", err)
	}
	return all, nil
}

// Subjects returns the limits of calendar periods with a subject each: one that
// holds for each of its scope stands once for every subject that used something
// in the last month.
func (l *Limits) Subjects(ctx context.Context, tenant string) (out []dcoder.Limit, err error) {
	err = l.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		all, err := periodLimits(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT DISTINCT scope, subject FROM usage_days WHERE day > current_date - 32 ORDER BY 1, 2 LIMIT 10000`)
		if err != nil {
			return err
		}
		var scope dcoder.Scope
		var subject string
		subjects := map[dcoder.Scope][]string{}
		if _, err := pgx.ForEachRow(rows, []any{&scope, &subject}, func() error {
			subjects[scope] = append(subjects[scope], subject)
			return nil
		}); err != nil {
			return err
		}
		out = spread(all, subjects)
		return nil
	})
	return out, err
}

func spread(all []dcoder.Limit, subjects map[dcoder.Scope][]string) (out []dcoder.Limit) {
	named := map[string]bool{}
	for _, l := range all {
		if l.Scope == dcoder.ScopeTenant || l.Subject != "" {
			named[limitName(l)] = true
			out = append(out, l)
		}
	}
	for _, l := range all {
		if l.Scope == dcoder.ScopeTenant || l.Subject != "" {
			continue
		}
		for _, subject := range subjects[l.Scope] {
			if l.Subject = subject; !named[limitName(l)] {
				out = append(out, l)
			}
		}
	}
	return out
}
