package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Events are written in the transaction of the change that they tell of, and
// published after it: at once where the broker answers, else by the sweep. The
// broker drops what it gets twice.

const (
	publishTimeout = 2 * time.Second
	changeRetry    = 2 * time.Second
	outboxPage     = 100
)

// enqueue writes events into the outbox of the transaction's database.
func enqueue(ctx context.Context, tx pgx.Tx, events ...dcoder.Envelope) error {
	for _, e := range events {
		if _, err := tx.Exec(ctx, `INSERT INTO outbox (id, envelope) VALUES ($1, $2)`, e.ID, e); err != nil {
			return fmt.Errorf("write event %s into the outbox: %w", e.Type, err)
		}
	}
	return nil
}

// send publishes events whose transaction has committed and takes them out of
// the outbox. What fails stays there; the change has been made either way.
func (d *Databases) send(ctx context.Context, tenant string, events []dcoder.Envelope) {
	if len(events) == 0 || d.options.Publisher == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	err := d.options.Publisher.Publish(ctx, events...)
	if err == nil {
		err = d.unqueue(ctx, tenant, events)
	}
	if err != nil {
		d.options.Log.WarnContext(ctx, "events wait in the outbox", "tenant", tenant, "events", len(events), "error", err)
	}
}

func (d *Databases) unqueue(ctx context.Context, tenant string, events []dcoder.Envelope) error {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return d.InTenant(dcoder.WithReplay(ctx, nil), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM outbox WHERE id = ANY($1::uuid[])`, ids)
		return err
	})
}

// FlushOutbox publishes what waits in a tenant's outbox, oldest first, and
// returns how many events that were. Several may run at once: each takes what no
// other holds.
func (d *Databases) FlushOutbox(ctx context.Context, tenant string) (sent int, err error) {
	if d.options.Publisher == nil {
		return 0, errors.New("flush outbox: there is no publisher")
	}
	for {
		n, err := d.flushPage(ctx, tenant)
		sent += n
		if err != nil || n < outboxPage {
			return sent, err
		}
	}
}

func (d *Databases) flushPage(ctx context.Context, tenant string) (sent int, err error) {
	err = d.InTenant(dcoder.WithReplay(ctx, nil), tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT envelope FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`, outboxPage)
		if err != nil {
			return err
		}
		events, err := pgx.CollectRows(rows, pgx.RowTo[dcoder.Envelope])
		if err != nil || len(events) == 0 {
			return err
		}
		ids := make([]string, len(events))
		for i, e := range events {
			ids[i] = e.ID
		}
		publishing, cancel := context.WithTimeout(ctx, publishTimeout)
		defer cancel()
		if err := d.options.Publisher.Publish(publishing, events...); err != nil {
			return fmt.Errorf("publish %d events: %w", len(events), err)
		}
		sent = len(events)
		_, err = tx.Exec(ctx, `DELETE FROM outbox WHERE id = ANY($1::uuid[])`, ids)
		return err
	})
	return sent, err
}
