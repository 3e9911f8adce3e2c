package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// Usage keeps what a tenant used, in its own database: the rows, the sums of its
// days, and what was announced about its limits.
type Usage struct{ databases *Databases }

// NewUsage returns the store on d.
func NewUsage(d *Databases) *Usage { return &Usage{d} }

// usageLock makes the writers of one tenant's usage take turns: sums move by the
// difference between a row before and after, so nobody may write in between.
const usageLock = "SELECT pg_advisory_xact_lock(7305817101)"

// Write puts records of a tenant down in one transaction, together with the sums,
// the thresholds reached and their events. A record that stands already changes
// nothing, one of a higher revision replaces its row. The error is a
// metering.ErrPoison when the database refuses the data itself, so that the
// caller can find the record at fault by writing fewer.
func (u *Usage) Write(ctx context.Context, tenant string, records []dcoder.UsageRecord) error {
	if len(records) == 0 {
		return nil
	}
	h, err := u.databases.home(ctx, tenant)
	if err != nil {
		return err
	}
	var emitted []dcoder.Envelope
	err = u.databases.InTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		emitted, err = u.write(ctx, tx, h, metering.Newest(records))
		return err
	})
	if err != nil {
		return poisoned(err)
	}
	u.databases.send(ctx, tenant, emitted)
	return nil
}

func (u *Usage) write(ctx context.Context, tx pgx.Tx, h *home, records []dcoder.UsageRecord) ([]dcoder.Envelope, error) {
	if _, err := tx.Exec(ctx, usageLock); err != nil {
		return nil, fmt.Errorf("wait for the turn to write usage: %w", err)
	}
	moved, err := writeUsage(ctx, tx, h.tenant.TimeZone, records)
	if err != nil || len(moved) == 0 {
		return nil, err
	}
	limits, err := periodLimits(ctx, tx)
	if err != nil {
		return nil, err
	}
	all, err := standings(ctx, tx, limits, moved)
	if err != nil {
		return nil, err
	}
	news, err := announce(ctx, tx, time.Now().UTC(), all)
	if err != nil {
		return nil, err
	}
	return emit(ctx, tx, h.tenant, news)
}

// periodLimits reads the limits that hold for calendar periods.
func periodLimits(ctx context.Context, tx pgx.Tx) ([]dcoder.Limit, error) {
	rows, err := tx.Query(ctx, `SELECT `+limitColumns+` FROM limits WHERE "window" NOT IN ('now', 'minute') ORDER BY scope, subject, model, metric, "window"`)
	if err != nil {
		return nil, fmt.Errorf("read limits: %w", err)
	}
	limits, err := pgx.CollectRows(rows, scanLimit)
	if err != nil {
		return nil, fmt.Errorf("read limits: %w", err)
	}
	return limits, nil
}

// emit writes events about the tenant into its outbox.
func emit(ctx context.Context, tx pgx.Tx, t dcoder.Tenant, news []dcoder.EventData) ([]dcoder.Envelope, error) {
	var out []dcoder.Envelope
	for _, data := range news {
		e, err := dcoder.NewEvent(ctx, "/usage", t.ID, data)
		if err != nil {
			return nil, err
		}
		e.Platform = t.Platform
		out = append(out, e)
	}
	return out, enqueue(ctx, tx, out...)
}

// poisoned marks errors that say that the data cannot be stored: SQLSTATE classes
// 22 (data exception) and 23 (integrity).
func poisoned(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code[:2] == "22" || refused.Code[:2] == "23") {
		return errors.Join(metering.ErrPoison, err)
	}
	return err
}

// Report sums what the query chooses.
func (u *Usage) Report(ctx context.Context, tenant string, q metering.Query) (r metering.Report, err error) {
	zone, err := u.zone(ctx, tenant, q)
	if err != nil {
		return r, err
	}
	err = u.databases.ReadTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		r, err = reportUsage(ctx, tx, q, zone)
		return err
	})
	return r, err
}

// zone is whose days and months the query means; one that names none means the
// tenant's.
func (u *Usage) zone(ctx context.Context, tenant string, q metering.Query) (string, error) {
	if q.TimeZone != "" {
		return q.TimeZone, nil
	}
	h, err := u.databases.home(ctx, tenant)
	if err != nil {
		return "", err
	}
	return h.tenant.TimeZone, nil
}

// Rows returns the rows that the query chooses, newest first, after a place.
func (u *Usage) Rows(ctx context.Context, tenant string, q metering.Query, after metering.Place, limit int) (rows []dcoder.UsageRecord, err error) {
	err = u.databases.ReadTenant(ctx, tenant, func(tx pgx.Tx) (err error) {
		rows, err = pageUsage(ctx, tx, q, after, limit)
		return err
	})
	for i := range rows {
		rows[i].Tenant = tenant
	}
	return rows, err
}
