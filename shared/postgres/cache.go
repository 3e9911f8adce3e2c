package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// CacheRulebook keeps what a tenant decided about cached answers.
type CacheRulebook struct{ d *Databases }

// NewCacheRulebook returns the store on d.
func NewCacheRulebook(d *Databases) *CacheRulebook { return &CacheRulebook{d} }

// Policies returns the tenant's policy under "" and those of keys by their ids.
func (c *CacheRulebook) Policies(ctx context.Context, tenant string) (all map[string]dcoder.CacheRules, err error) {
	all = map[string]dcoder.CacheRules{}
	err = c.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT key, policy FROM cache_policies`)
		if err != nil {
			return err
		}
		var key string
		var p dcoder.CacheRules
		_, err = pgx.ForEachRow(rows, []any{&key, &p}, func() error {
			all[key] = p
			p = dcoder.CacheRules{}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list cache policies: %w", err)
	}
	return all, nil
}

// SetPolicy changes the policy of the tenant, or of a key; edit gets it as it
// is. 404 for a key that is not there.
func (c *CacheRulebook) SetPolicy(ctx context.Context, tenant, key string, edit func(*dcoder.CacheRules)) (after dcoder.CacheRules, err error) {
	r := reach{tenant: tenant}
	if key != "" {
		r.keys = []string{key}
	}
	err = c.d.change(ctx, tenant, r, func(tx pgx.Tx) (told, error) {
		if err := keyExists(ctx, tx, key); err != nil {
			return told{}, err
		}
		var before dcoder.CacheRules
		err := tx.QueryRow(ctx, `SELECT policy FROM cache_policies WHERE key = $1 FOR UPDATE`, key).Scan(&before)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return told{}, fmt.Errorf("read cache policy: %w", err)
		}
		after = before
		edit(&after)
		if _, err := tx.Exec(ctx, `
INSERT INTO cache_policies (key, policy) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET policy = excluded.policy, updated = now()`, key, after); err != nil {
			return told{}, fmt.Errorf("write cache policy: %w", err)
		}
		change := Change{Action: "cache.set", Object: "cache", ID: key, Before: before, After: after}
		return told{change, configChanged("cache", key, "set")}, nil
	})
	return after, err
}

// readCache compiles the policy of a key: its own over the tenant's.
// The tenant's policies are the widest.
func readCache(ctx context.Context, tx pgx.Tx, key string, widest dcoder.CachePolicy) (dcoder.CacheRules, error) {
	var own, tenants dcoder.CacheRules
	err := tx.QueryRow(ctx, `SELECT coalesce((SELECT policy FROM cache_policies WHERE key = $1), '{}'),
 coalesce((SELECT policy FROM cache_policies WHERE key = ''), '{}')`, key).Scan(&own, &tenants)
	if err != nil {
		return own, fmt.Errorf("read cache policy: %w", err)
	}
	return own.Over(tenants).Over(widest.Rules()), nil
}
