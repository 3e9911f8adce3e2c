package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Keys keeps virtual keys: a tenant's in its own database, the platform's in the
// control database. Of a secret it sees keyed hashes only.
type Keys struct{ d *Databases }

// NewKeys returns the store on d.
func NewKeys(d *Databases) *Keys { return &Keys{d} }

// Create writes a new key and the limits that come with it.
func (k *Keys) Create(ctx context.Context, tenant string, key dcoder.VirtualKey, hash dcoder.HashedKey, limits []dcoder.Limit) error {
	return k.d.change(ctx, tenant, reach{tenant, []string{key.ID}}, func(tx pgx.Tx) (told, error) {
		_, err := tx.Exec(ctx, `
INSERT INTO keys (id, name, user_id, group_id, role, scopes, models, hash, pepper_id, expires, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			key.ID, key.Name, key.User, key.Group, key.Role, orEmpty(key.Scopes), orEmpty(key.Models), hash.Hash, hash.PepperID,
			orNull(key.Expires), key.Created)
		if err != nil {
			return told{}, fmt.Errorf("write key: %w", err)
		}
		if err := insertLimits(ctx, tx, limits); err != nil {
			return told{}, err
		}
		if err := knowSubjects(ctx, tx, tenant, key); err != nil {
			return told{}, err
		}
		return keyTold("key.created", key.ID, nil, key, configChanged("key", key.ID, "set")), nil
	})
}

// Rotate replaces a key's secret. The one before stays good until previousUntil;
// an older one does not.
func (k *Keys) Rotate(ctx context.Context, tenant, id string, hash dcoder.HashedKey, at, previousUntil time.Time) (dcoder.VirtualKey, error) {
	return k.update(ctx, tenant, id, "key.rotated", dcoder.KeyRevoked{Key: id, Reason: "rotated"}, `
UPDATE keys SET previous_hash = hash, previous_until = $4, hash = $2, pepper_id = $3, rotated = $5 WHERE id = $1`,
		hash.Hash, hash.PepperID, previousUntil, at)
}

// Block refuses a key from now on.
func (k *Keys) Block(ctx context.Context, tenant, id string) (dcoder.VirtualKey, error) {
	return k.update(ctx, tenant, id, "key.blocked", dcoder.KeyRevoked{Key: id, Reason: "blocked"},
		`UPDATE keys SET blocked = true WHERE id = $1`)
}

// Unblock lets a blocked key in again.
func (k *Keys) Unblock(ctx context.Context, tenant, id string) (dcoder.VirtualKey, error) {
	return k.update(ctx, tenant, id, "key.unblocked", configChanged("key", id, "set"),
		`UPDATE keys SET blocked = false WHERE id = $1`)
}

// Delete removes a key with its own limits. Its usage and its audit records stay.
func (k *Keys) Delete(ctx context.Context, tenant, id string) error {
	return k.d.change(ctx, tenant, reach{tenant, []string{id}}, func(tx pgx.Tx) (told, error) {
		before, err := lockKey(ctx, tx, id)
		if err != nil {
			return told{}, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM keys WHERE id = $1`, id); err != nil {
			return told{}, fmt.Errorf("delete key: %w", err)
		}
		if tenant != dcoder.PlatformTenant {
			if _, err := tx.Exec(ctx, `DELETE FROM limits WHERE scope = 'key' AND subject = $1`, id); err != nil {
				return told{}, fmt.Errorf("delete limits of key: %w", err)
			}
		}
		return keyTold("key.deleted", id, before, nil, dcoder.KeyRevoked{Key: id, Reason: "deleted"}), nil
	})
}

// update changes one key and tells what it was and is. What leaves it as it was
// is no change.
func (k *Keys) update(ctx context.Context, tenant, id, action string, event dcoder.EventData, statement string, args ...any) (after dcoder.VirtualKey, err error) {
	err = k.d.change(ctx, tenant, reach{tenant, []string{id}}, func(tx pgx.Tx) (told, error) {
		before, err := lockKey(ctx, tx, id)
		if err != nil {
			return told{}, err
		}
		if _, err := tx.Exec(ctx, statement, append([]any{id}, args...)...); err != nil {
			return told{}, fmt.Errorf("%s: %w", action, err)
		}
		if after, err = lockKey(ctx, tx, id); err != nil {
			return told{}, err
		}
		if sameKey(before, after) {
			return told{}, nil
		}
		return keyTold(action, id, before, after, event), nil
	})
	return after, err
}

func sameKey(a, b dcoder.VirtualKey) bool {
	return a.Blocked == b.Blocked && a.Rotated.Equal(b.Rotated)
}

func keyTold(action, id string, before, after any, event dcoder.EventData) told {
	return told{Change{Action: action, Object: "key", ID: id, Before: before, After: after}, event}
}

func configChanged(object, id, action string) dcoder.EventData {
	return dcoder.ConfigChanged{Object: object, ID: id, Action: action}
}

func lockKey(ctx context.Context, tx pgx.Tx, id string) (dcoder.VirtualKey, error) {
	rows, err := tx.Query(ctx, `SELECT `+keyColumns+`, NULL::timestamptz FROM keys k WHERE id = $1 FOR UPDATE`, id)
	if err != nil {
		return dcoder.VirtualKey{}, err
	}
	key, err := pgx.CollectExactlyOneRow(rows, scanKey)
	if errors.Is(err, pgx.ErrNoRows) {
		return key, dcoder.NotFound("key", id)
	}
	return key, err
}

// knowSubjects enters the key's user and group, so that they can be listed.
func knowSubjects(ctx context.Context, tx pgx.Tx, tenant string, key dcoder.VirtualKey) error {
	if tenant == dcoder.PlatformTenant {
		return nil
	}
	for table, id := range map[string]string{"users": key.User, "groups": key.Group} {
		if id == "" {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO `+table+` (id) VALUES ($1) ON CONFLICT DO NOTHING`, id); err != nil {
			return fmt.Errorf("enter %s: %w", table, err)
		}
	}
	return nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Rekey implements auth.Rekeyer: the same secret, hashed under another pepper.
// It does nothing when the secret was replaced meanwhile.
func (k *Keys) Rekey(ctx context.Context, tenant string, proved []byte, next dcoder.HashedKey) error {
	return k.d.change(ctx, tenant, reach{tenant, []string{next.ID}}, func(tx pgx.Tx) (told, error) {
		tag, err := tx.Exec(ctx, `UPDATE keys SET hash = $3, pepper_id = $4 WHERE id = $1 AND hash = $2`, next.ID, proved, next.Hash, next.PepperID)
		if err != nil || tag.RowsAffected() == 0 {
			return told{}, err
		}
		return told{Change: Change{Actor: "system", Action: "key.rekeyed", Object: "key", ID: next.ID, After: map[string]string{"pepper": next.PepperID}}}, nil
	})
}

// Bootstrap makes a key of the platform's owner when there is none that works,
// or when another one is demanded; of two that try at once, one makes it.
func (k *Keys) Bootstrap(ctx context.Context, key dcoder.VirtualKey, hash dcoder.HashedKey, another bool) (made bool, err error) {
	err = k.d.change(ctx, dcoder.PlatformTenant, reach{dcoder.PlatformTenant, []string{key.ID}}, func(tx pgx.Tx) (told, error) {
		if _, err := tx.Exec(ctx, `LOCK TABLE keys IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return told{}, fmt.Errorf("lock keys: %w", err)
		}
		var have bool
		err := tx.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM keys WHERE role = $1 AND NOT blocked AND (expires IS NULL OR expires > now()))`, key.Role).Scan(&have)
		if err != nil || have && !another {
			return told{}, err
		}
		_, err = tx.Exec(ctx, `INSERT INTO keys (id, name, role, hash, pepper_id, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			key.ID, key.Name, key.Role, hash.Hash, hash.PepperID, key.Created)
		if err != nil {
			return told{}, fmt.Errorf("write key: %w", err)
		}
		made = true
		return keyTold("key.created", key.ID, nil, key, configChanged("key", key.ID, "set")), nil
	})
	return made && err == nil, err
}

// UnderOtherPeppers counts the keys whose hashes are not under a pepper, by
// tenant; tenants without one are not named.
func (k *Keys) UnderOtherPeppers(ctx context.Context, pepper string) (map[string]int, error) {
	left := map[string]int{}
	count := func(tenant string) error {
		return k.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
			var n int
			err := tx.QueryRow(ctx, `SELECT count(*) FROM keys WHERE pepper_id <> $1`, pepper).Scan(&n)
			if n > 0 {
				left[tenant] = n
			}
			return err
		})
	}
	if err := count(dcoder.PlatformTenant); err != nil {
		return nil, err
	}
	return left, k.d.EachTenant(ctx, count)
}
