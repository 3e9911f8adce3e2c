package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// platformLimits reads the limits of all tenants together.
func (d *Databases) platformLimits(ctx context.Context) (all []dcoder.Limit, err error) {
	err = d.ReadControl(ctx, func(tx pgx.Tx) error {
		all, err = readPlatformLimits(ctx, tx)
		return err
	})
	return all, err
}

func readPlatformLimits(ctx context.Context, tx pgx.Tx) ([]dcoder.Limit, error) {
	rows, err := tx.Query(ctx, `SELECT 'platform', '', model, metric, "window", max, action, alerts FROM platform_limits ORDER BY model, metric, "window"`)
	if err != nil {
		return nil, fmt.Errorf("read limits of the platform: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanLimit)
	if err != nil {
		return nil, fmt.Errorf("read limits of the platform: %w", err)
	}
	return all, nil
}

// replacePlatform puts the limits of the platform in the place of all that there
// are, and makes every tenant's snapshots read them.
func (l *Limits) replacePlatform(ctx context.Context, limits []dcoder.Limit) error {
	err := l.d.change(ctx, dcoder.PlatformTenant, reach{tenant: dcoder.PlatformTenant}, func(tx pgx.Tx) (told, error) {
		if _, err := tx.Exec(ctx, `LOCK TABLE platform_limits IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return told{}, fmt.Errorf("lock limits of the platform: %w", err)
		}
		before, err := readPlatformLimits(ctx, tx)
		if err != nil {
			return told{}, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM platform_limits`); err != nil {
			return told{}, fmt.Errorf("replace limits of the platform: %w", err)
		}
		for _, p := range limits {
			if _, err := tx.Exec(ctx, `INSERT INTO platform_limits (model, metric, "window", max, action, alerts) VALUES ($1, $2, $3, $4, $5, $6)`,
				p.Model, p.Metric, p.Window, p.Max, p.Action, orEmpty(p.Alerts)); err != nil {
				return told{}, fmt.Errorf("write limit of the platform: %w", err)
			}
		}
		id := dcoder.PlatformTenant
		return told{Change: Change{Action: "quota.set", Object: "quota", ID: id, Before: before, After: limits}, event: configChanged("quota", id, "set")}, nil
	})
	if err != nil || l.d.options.Generations == nil {
		return err
	}
	return l.d.EachTenant(ctx, func(tenant string) error { return l.d.options.Generations.Changed(ctx, tenant) })
}

// SeedPlatform returns what all tenants used between two times of a limit of the
// platform. It asks every tenant's database, so it belongs where nothing is known:
// after a loss, or when the limit is new.
func (s *Seeder) SeedPlatform(ctx context.Context, l dcoder.Limit, from, to time.Time) (sum int64, err error) {
	l.Scope, l.Subject = dcoder.ScopeTenant, ""
	err = s.d.EachTenant(ctx, func(tenant string) error {
		return s.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
			var one int64
			batch := &pgx.Batch{}
			into := func(row pgx.Row) error { return row.Scan(&one) }
			if l.Model != "" {
				queueModel(batch, l, `"time" >= $2 AND "time" < $3`, from, to).QueryRow(into)
			} else {
				queueRows(batch, l, span{from, to}).QueryRow(into)
			}
			err := tx.SendBatch(ctx, batch).Close()
			sum += one
			return err
		})
	})
	if err != nil {
		return 0, fmt.Errorf("sum what all tenants used: %w", err)
	}
	return sum, nil
}
