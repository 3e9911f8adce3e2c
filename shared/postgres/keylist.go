package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const keyColumns = `k.id, k.name, k.user_id, k.group_id, k.role, k.scopes, k.models, k.blocked, k.created, k.expires, k.rotated, k.previous_until`

// lastUsed is when a key last did something that left a trace: a model call in
// the usage rows, or a change in the audit log. So nothing is written for it.
const (
	lastUsedOfTenant   = `greatest((SELECT max(u."time") FROM usage u WHERE u.key = k.id), (SELECT max(a.at) FROM audit_log a WHERE a.actor = $1 || '/' || k.id))`
	lastUsedOfPlatform = `(SELECT max(a.at) FROM audit_log a WHERE a.actor = $1 || '/' || k.id)`
)

// List returns keys in the order of their creation, after a position.
func (k *Keys) List(ctx context.Context, tenant string, after dcoder.Position, limit int) (page []dcoder.VirtualKey, err error) {
	err = k.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT `+keyColumns+`, `+lastUsedIn(tenant)+` FROM keys k
WHERE (k.created, k.id) > ($2, $3) ORDER BY k.created, k.id LIMIT $4`, tenant, after.At, after.ID, limit)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, scanKey)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return page, nil
}

// Get returns one key.
func (k *Keys) Get(ctx context.Context, tenant, id string) (key dcoder.VirtualKey, err error) {
	err = k.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+keyColumns+`, `+lastUsedIn(tenant)+` FROM keys k WHERE k.id = $2`, tenant, id)
		if err != nil {
			return err
		}
		key, err = pgx.CollectExactlyOneRow(rows, scanKey)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return key, dcoder.NotFound("key", id)
	}
	return key, err
}

func lastUsedIn(tenant string) string {
	if tenant == dcoder.PlatformTenant {
		return lastUsedOfPlatform
	}
	return lastUsedOfTenant
}

func scanKey(row pgx.CollectableRow) (k dcoder.VirtualKey, err error) {
	var expires, rotated, previousUntil, lastUsed *time.Time
	err = row.Scan(&k.ID, &k.Name, &k.User, &k.Group, &k.Role, &k.Scopes, &k.Models, &k.Blocked, &k.Created,
		&expires, &rotated, &previousUntil, &lastUsed)
	k.Created = k.Created.UTC()
	k.Expires, k.Rotated, k.PreviousUntil, k.LastUsed = timeOf(expires), timeOf(rotated), timeOf(previousUntil), timeOf(lastUsed)
	return k, err
}
