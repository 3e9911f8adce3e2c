package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Guards keeps what a tenant decided about guardrails.
type Guards struct{ d *Databases }

// NewGuards returns the store on d.
func NewGuards(d *Databases) *Guards { return &Guards{d} }

// Policies returns the tenant's policy under "" and those of keys by their ids.
func (g *Guards) Policies(ctx context.Context, tenant string) (all map[string]dcoder.GuardPolicy, err error) {
	all = map[string]dcoder.GuardPolicy{}
	err = g.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT key, policy FROM guard_policies`)
		if err != nil {
			return err
		}
		var key string
		var p dcoder.GuardPolicy
		_, err = pgx.ForEachRow(rows, []any{&key, &p}, func() error {
			all[key] = p
			p = dcoder.GuardPolicy{}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list guardrail policies: %w", err)
	}
	return all, nil
}

// SetPolicy changes the policy of the tenant, or of a key; edit gets it as it
// is. 404 for a key that is not there.
func (g *Guards) SetPolicy(ctx context.Context, tenant, key string, edit func(*dcoder.GuardPolicy)) (after dcoder.GuardPolicy, err error) {
	r := reach{tenant: tenant}
	if key != "" {
		r.keys = []string{key}
	}
	err = g.d.change(ctx, tenant, r, func(tx pgx.Tx) (told, error) {
		if err := keyExists(ctx, tx, key); err != nil {
			return told{}, err
		}
		var before dcoder.GuardPolicy
		err := tx.QueryRow(ctx, `SELECT policy FROM guard_policies WHERE key = $1 FOR UPDATE`, key).Scan(&before)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return told{}, fmt.Errorf("read guardrail policy: %w", err)
		}
		after = before
		edit(&after)
		after.Overrides = nil
		if _, err := tx.Exec(ctx, `
INSERT INTO guard_policies (key, policy) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET policy = excluded.policy, updated = now()`, key, after); err != nil {
			return told{}, fmt.Errorf("write guardrail policy: %w", err)
		}
		change := Change{Action: "guardrails.set", Object: "guardrails", ID: key, Before: before, After: after}
		return told{change, configChanged("guardrails", key, "set")}, nil
	})
	return after, err
}

func keyExists(ctx context.Context, tx pgx.Tx, key string) error {
	if key == "" {
		return nil
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM keys WHERE id = $1)`, key).Scan(&there); err != nil {
		return fmt.Errorf("look for key: %w", err)
	}
	if !there {
		return dcoder.NotFound("key", key)
	}
	return nil
}

// Override weakens guardrails for a while; 404 when it is for a key that is not
// there.
func (g *Guards) Override(ctx context.Context, tenant string, o dcoder.GuardOverride) error {
	return g.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		if o.Scope == dcoder.ScopeKey {
			if err := keyExists(ctx, tx, o.Subject); err != nil {
				return told{}, err
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO guard_overrides (id, override, expires) VALUES ($1, $2, $3)`, o.ID, o, o.Expires); err != nil {
			return told{}, fmt.Errorf("write override: %w", err)
		}
		return told{Change{Action: "override.created", Object: "override", ID: o.ID, After: o}, dcoder.PolicyOverrideCreated{Override: o}}, nil
	})
}

// Overrides returns those that have not expired, in the order of their ids,
// which is that of their creation.
func (g *Guards) Overrides(ctx context.Context, tenant, after string, limit int) (page []dcoder.GuardOverride, err error) {
	err = g.d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT override FROM guard_overrides WHERE expires > now() AND id > $1 ORDER BY id LIMIT $2`, after, limit)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, pgx.RowTo[dcoder.GuardOverride])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list overrides: %w", err)
	}
	return page, nil
}

// EndOverride takes an override back; the audit log keeps it.
func (g *Guards) EndOverride(ctx context.Context, tenant, id string) error {
	return g.d.change(ctx, tenant, reach{tenant: tenant}, func(tx pgx.Tx) (told, error) {
		var before dcoder.GuardOverride
		err := tx.QueryRow(ctx, `DELETE FROM guard_overrides WHERE id = $1 RETURNING override`, id).Scan(&before)
		if errors.Is(err, pgx.ErrNoRows) {
			return told{}, dcoder.NotFound("override", id)
		}
		if err != nil {
			return told{}, fmt.Errorf("delete override: %w", err)
		}
		return told{Change{Action: "override.deleted", Object: "override", ID: id, Before: before}, configChanged("override", id, "deleted")}, nil
	})
}

// guardPart is what a snapshot is compiled from.
const guardPart = `SELECT coalesce((SELECT policy FROM guard_policies WHERE key = $1), '{}'),
 coalesce((SELECT policy FROM guard_policies WHERE key = ''), '{}'),
 (SELECT coalesce(jsonb_agg(override ORDER BY id), '[]') FROM guard_overrides WHERE expires > now()
   AND (override->>'scope' <> 'key' OR override->>'subject' = $1))`

// readGuard compiles the policy of a key: its own over the tenant's over mode,
// and the overrides that hold for it.
func readGuard(ctx context.Context, tx pgx.Tx, key, mode string) (dcoder.GuardPolicy, error) {
	var own, tenants dcoder.GuardPolicy
	var overrides []dcoder.GuardOverride
	if err := tx.QueryRow(ctx, guardPart, key).Scan(&own, &tenants, &overrides); err != nil {
		return own, fmt.Errorf("read guardrails: %w", err)
	}
	m := dcoder.GuardMode(mode)
	p := own.Over(tenants).Over(dcoder.GuardPolicy{Secrets: m, PII: m, Injection: m})
	if len(overrides) > 0 {
		p.Overrides = overrides
	}
	return p, nil
}
