package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// DataKey returns a tenant's wrapped data key and makes it when there is none;
// of two that make it at once, one wins and both get the same.
func DataKey(ctx context.Context, tx pgx.Tx, vault *secret.Vault, tenant string) ([]byte, error) {
	var wrapped []byte
	err := tx.QueryRow(ctx, `SELECT wrapped FROM data_keys WHERE tenant = $1`, tenant).Scan(&wrapped)
	if !errors.Is(err, pgx.ErrNoRows) {
		return wrapped, err
	}
	made, err := vault.NewDataKey(ctx, tenant)
	if err != nil {
		return nil, err
	}
	err = tx.QueryRow(ctx, `
INSERT INTO data_keys (tenant, wrapped) VALUES ($1, $2)
ON CONFLICT (tenant) DO UPDATE SET tenant = excluded.tenant RETURNING wrapped`, tenant, made).Scan(&wrapped)
	if err != nil {
		return nil, fmt.Errorf("store data key of %s: %w", tenant, err)
	}
	return wrapped, nil
}

// boxWithin is box for a caller that is inside a transaction of the same tenant,
// so that it never waits for a second connection while it holds the first.
func (d *Databases) boxWithin(ctx context.Context, tx pgx.Tx, tenant string) (*secret.Box, error) {
	if tenant != dcoder.PlatformTenant {
		return d.box(ctx, tenant)
	}
	wrapped, err := DataKey(ctx, tx, d.options.Vault, tenant)
	if err != nil {
		return nil, err
	}
	return d.options.Vault.Box(ctx, tenant, wrapped)
}

func (d *Databases) platformBox(ctx context.Context) (*secret.Box, error) {
	var wrapped []byte
	// Without the request's replay: this transaction is not the change.
	err := d.InControl(dcoder.WithReplay(ctx, nil), func(tx pgx.Tx) (err error) {
		wrapped, err = DataKey(ctx, tx, d.options.Vault, dcoder.PlatformTenant)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the platform's data key: %w", err)
	}
	return d.options.Vault.Box(ctx, dcoder.PlatformTenant, wrapped)
}

// Rewrap wraps every data key under the newest key encryption key, a page at a
// time, and returns how many it wrapped. Requests go on meanwhile: what a data
// key sealed stays as it is.
func (d *Databases) Rewrap(ctx context.Context) (int, error) {
	after, done := "", 0
	for {
		last, n, err := d.rewrapPage(ctx, after)
		done += n
		if err != nil || n == 0 {
			return done, err
		}
		after = last
	}
}

const rewrapPageSize = 100

func (d *Databases) rewrapPage(ctx context.Context, after string) (last string, n int, err error) {
	err = d.InControl(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT tenant, wrapped FROM data_keys WHERE tenant > $1 ORDER BY tenant LIMIT $2 FOR UPDATE`, after, rewrapPageSize)
		if err != nil {
			return err
		}
		page, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
			Tenant  string
			Wrapped []byte
		}])
		if err != nil {
			return err
		}
		for _, k := range page {
			wrapped, err := d.options.Vault.Rewrap(ctx, k.Tenant, k.Wrapped)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE data_keys SET wrapped = $2, changed = now() WHERE tenant = $1`, k.Tenant, wrapped); err != nil {
				return err
			}
			last, n = k.Tenant, n+1
		}
		return nil
	})
	return last, n, err
}
