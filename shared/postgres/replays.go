package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// replayLife is how long an answer is kept under its Idempotency-Key.
const replayLife = 24 * time.Hour

func replayObject(key string) string { return "idempotency/" + key }

// storeReplay writes the request's idempotency record, when it has an answer,
// into the transaction that makes the change.
func (d *Databases) storeReplay(ctx context.Context, tx pgx.Tx, tenant string) error {
	r := dcoder.ReplayOf(ctx)
	if r == nil || r.Response == nil || r.Stored || r.Tenant != tenant {
		return nil
	}
	box, err := d.boxWithin(ctx, tx, tenant)
	if err != nil {
		return err
	}
	sealed, err := box.Seal(replayObject(r.Key), r.Response)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `
INSERT INTO idempotency AS i (key, route, body_hash, status, response, expires) VALUES ($1, $2, $3, $4, $5, now() + $6)
ON CONFLICT (key) DO UPDATE SET route = excluded.route, body_hash = excluded.body_hash, status = excluded.status,
    response = excluded.response, expires = excluded.expires
WHERE i.expires < now()`, r.Key, r.Route, r.BodyHash[:], r.Status, sealed, replayLife)
	if err != nil {
		return fmt.Errorf("store idempotency record: %w", err)
	}
	if tag.RowsAffected() == 0 {
		e := dcoder.Conflict("idempotency_key_running", "another request with this Idempotency-Key has just finished; repeat to get its answer")
		e.RetryAfter = time.Second
		return e
	}
	return nil
}

func replayStored(ctx context.Context, tenant string, mode pgx.TxAccessMode) {
	if r := dcoder.ReplayOf(ctx); mode == pgx.ReadWrite && r != nil && r.Response != nil && r.Tenant == tenant {
		r.Stored = true
	}
}

// FindReplay returns the answer that was stored under an Idempotency-Key, nil
// when there is none. It is the Postgres half of function.Replays.
func (d *Databases) FindReplay(ctx context.Context, tenant, key string) (*dcoder.Replay, error) {
	r := &dcoder.Replay{Tenant: tenant, Key: key, Stored: true}
	var hash, sealed []byte
	err := d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT route, body_hash, status, response FROM idempotency WHERE key = $1 AND expires > now()`, key).
			Scan(&r.Route, &hash, &r.Status, &sealed)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find idempotency record: %w", err)
	}
	box, err := d.box(ctx, tenant)
	if err != nil {
		return nil, err
	}
	copy(r.BodyHash[:], hash)
	r.Response, err = box.Open(replayObject(key), sealed)
	return r, err
}

// ForgetReplays deletes expired idempotency records of a tenant.
func (d *Databases) ForgetReplays(ctx context.Context, tenant string) error {
	return d.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM idempotency WHERE expires < now()`)
		return err
	})
}
