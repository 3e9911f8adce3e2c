package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// reach says who must notice a change: a tenant as a whole, or some of its keys.
type reach struct {
	tenant string
	keys   []string // none: all of the tenant
}

// told is a change and the event that tells of it. Without an action nothing
// changed, and nothing is recorded.
type told struct {
	Change
	event dcoder.EventData
}

// several is more than one event that tells of a change.
type several []dcoder.EventData

// EventType implements dcoder.EventData; the parts have types of their own.
func (several) EventType() string { return "" }

// change makes a change of a tenant's settings in the database of home (the
// tenant's own, or the control database). It is announced before the transaction
// and after it, so that no process goes on with what was; the audit record and
// the event are part of the transaction.
func (d *Databases) change(ctx context.Context, home string, r reach, work func(tx pgx.Tx) (told, error)) error {
	if err := d.changing(ctx, r); err != nil {
		return err
	}
	var events []dcoder.Envelope
	err := d.InTenant(ctx, home, func(tx pgx.Tx) error {
		t, err := work(tx)
		if err != nil || t.Action == "" {
			return err
		}
		if err := Audit(ctx, tx, t.Change); err != nil {
			return err
		}
		all, ok := t.event.(several)
		if !ok {
			all = several{t.event}
		}
		for _, data := range all {
			one, err := enqueueOne(ctx, tx, r.tenant, data)
			if err != nil {
				return err
			}
			events = append(events, one...)
		}
		return nil
	})
	d.changed(ctx, r)
	if err != nil {
		return err
	}
	d.send(ctx, home, events)
	return nil
}

func enqueueOne(ctx context.Context, tx pgx.Tx, tenant string, data dcoder.EventData) ([]dcoder.Envelope, error) {
	if data == nil {
		return nil, nil
	}
	e, err := dcoder.NewEvent(ctx, "/access", tenant, data)
	if err != nil {
		return nil, err
	}
	return []dcoder.Envelope{e}, enqueue(ctx, tx, e)
}

// changing refuses the change when it cannot be announced: a revocation that no
// process hears of would be none.
func (d *Databases) changing(ctx context.Context, r reach) error {
	if d.options.Generations == nil {
		return nil
	}
	if err := d.options.Generations.Changing(ctx, r.tenant, r.keys...); err != nil {
		return dcoder.Unavailable("change_not_announced", "the change cannot be announced to all processes, so it was not made; try again shortly",
			changeRetry, fmt.Errorf("announce a change of %s: %w", r.tenant, err))
	}
	return nil
}

// changed may fail: changing has left the tenant marked for longer than the
// transaction took, and nobody trusts a snapshot for long meanwhile.
func (d *Databases) changed(ctx context.Context, r reach) {
	if d.options.Generations == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	if err := d.options.Generations.Changed(ctx, r.tenant, r.keys...); err != nil {
		d.options.Log.WarnContext(ctx, "the end of a change was not announced", "tenant", r.tenant, "error", err)
	}
}
