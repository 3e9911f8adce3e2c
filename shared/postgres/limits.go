package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Limits keeps a tenant's quotas and budgets. What was used of them is the
// ledger's to know.
type Limits struct{ d *Databases }

// NewLimits returns the store on d.
func NewLimits(d *Databases) *Limits { return &Limits{d} }

// List returns all limits in the order of their identity, with what was approved
// on top of each; of PlatformTenant those of the platform.
func (l *Limits) List(ctx context.Context, tenant string) (all []dcoder.Limit, err error) {
	if tenant == dcoder.PlatformTenant {
		return l.d.platformLimits(ctx)
	}
	var raises []raise
	err = l.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		if all, err = readLimits(ctx, tx); err != nil {
			return err
		}
		raises, err = readRaises(ctx, tx)
		return err
	})
	raiseLimits(all, raises)
	return all, err
}

// Replace puts the limits in the place of all that there are, at once.
func (l *Limits) Replace(ctx context.Context, tenant string, limits []dcoder.Limit) error {
	if tenant == dcoder.PlatformTenant {
		return l.replacePlatform(ctx, limits)
	}
	return l.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		if _, err := tx.Exec(ctx, `LOCK TABLE limits IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return told{}, fmt.Errorf("lock limits: %w", err)
		}
		before, err := readLimits(ctx, tx)
		if err != nil {
			return told{}, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM limits`); err != nil {
			return told{}, fmt.Errorf("replace limits: %w", err)
		}
		if err := insertLimits(ctx, tx, limits); err != nil {
			return told{}, err
		}
		return told{Change{Action: "quota.set", Object: "quota", ID: tenant, Before: before, After: limits}, configChanged("quota", tenant, "set")}, nil
	})
}

func readLimits(ctx context.Context, tx pgx.Tx) ([]dcoder.Limit, error) {
	rows, err := tx.Query(ctx, `SELECT `+limitColumns+` FROM limits ORDER BY scope, subject, model, metric, "window"`)
	if err != nil {
		return nil, fmt.Errorf("read limits: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanLimit)
	if err != nil {
		return nil, fmt.Errorf("read limits: %w", err)
	}
	return all, nil
}

const limitColumns = `scope, subject, model, metric, "window", max, action, alerts`

func scanLimit(row pgx.CollectableRow) (l dcoder.Limit, err error) {
	err = row.Scan(&l.Scope, &l.Subject, &l.Model, &l.Metric, &l.Window, &l.Max, &l.Action, &l.Alerts)
	return l, err
}

func insertLimits(ctx context.Context, tx pgx.Tx, limits []dcoder.Limit) error {
	for _, l := range limits {
		_, err := tx.Exec(ctx, `INSERT INTO limits (`+limitColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			l.Scope, l.Subject, l.Model, l.Metric, l.Window, l.Max, l.Action, orEmpty(l.Alerts))
		if err != nil {
			return fmt.Errorf("write limit: %w", err)
		}
	}
	return nil
}

// Used returns what has been written down of each limit's use in its period that
// holds at, in the tenant's time zone, and when that period ends.
func (l *Limits) Used(ctx context.Context, tenant string, limits []dcoder.Limit, at time.Time) (used []int64, ends []time.Time, err error) {
	h, err := l.d.home(ctx, tenant)
	if err != nil {
		return nil, nil, err
	}
	zone, err := time.LoadLocation(h.tenant.TimeZone)
	if err != nil {
		return nil, nil, fmt.Errorf("time zone of %s: %w", tenant, err)
	}
	for _, limit := range limits {
		_, end := limit.Window.Bounds(at, zone)
		ends = append(ends, end.UTC())
	}
	used, err = NewSeeder(l.d).Seed(ctx, tenant, h.tenant.TimeZone, limits, at)
	return used, ends, err
}
