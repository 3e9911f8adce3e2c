package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// SnapshotVersion is the layout of the snapshots that Build makes.
const SnapshotVersion = 1

var _ auth.Source = (*Databases)(nil)

// Build implements auth.Source: it reads everything that a request under the key
// needs, the tenant's providers opened, in one transaction of the tenant's
// database. The catalogue is asked anew, so a change of the tenant shows.
func (d *Databases) Build(ctx context.Context, tenant, key string) (*dcoder.Snapshot, error) {
	if tenant == dcoder.PlatformTenant {
		return d.buildPlatform(ctx, key)
	}
	h, err := d.freshHome(ctx, tenant)
	if err != nil {
		return nil, err
	}
	s := &dcoder.Snapshot{V: SnapshotVersion, Loaded: time.Now().UTC(), Tenant: policyOf(h.tenant), Prices: h.tenant.Policies.Prices}
	var p parts
	err = d.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		if err := readCredential(ctx, tx, key, s); err != nil {
			return err
		}
		if s.Guard, err = readGuard(ctx, tx, key, h.tenant.Policies.Guardrails); err != nil {
			return err
		}
		if s.Cache, err = readCache(ctx, tx, key, h.tenant.Policies.Cache); err != nil {
			return err
		}
		return tx.QueryRow(ctx, partsQuery).Scan(&p.Providers, &p.Aliases, &p.Limits, &p.Raises, &p.Tracing)
	})
	if err != nil {
		return nil, notFoundKey(err, key)
	}
	s.Principal.Tenant, s.Principal.Platform, s.Principal.Key = tenant, h.tenant.Platform, key
	if s.Principal.Role == dcoder.RolePlatformOwner {
		s.Principal.Role = "" // no tenant can make one
	}
	if err := p.into(s, h.box); err != nil {
		return nil, err
	}
	platform, err := d.platformLimits(ctx)
	s.Limits = append(s.Limits, platform...)
	return s, err
}

// buildPlatform is Build for the platform's own keys: they manage, and use no
// model.
func (d *Databases) buildPlatform(ctx context.Context, key string) (*dcoder.Snapshot, error) {
	s := &dcoder.Snapshot{V: SnapshotVersion, Loaded: time.Now().UTC(), Tenant: dcoder.TenantPolicy{State: dcoder.StateActive, TimeZone: "UTC"}}
	err := d.ReadControl(ctx, func(tx pgx.Tx) error { return readCredential(ctx, tx, key, s) })
	if err != nil {
		return nil, notFoundKey(err, key)
	}
	s.Principal.Tenant, s.Principal.Platform, s.Principal.Key = dcoder.PlatformTenant, dcoder.DefaultPlatform, key
	return s, nil
}

func notFoundKey(err error, key string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return dcoder.NotFound("key", key)
	}
	return fmt.Errorf("build snapshot: %w", err)
}

func readCredential(ctx context.Context, tx pgx.Tx, key string, s *dcoder.Snapshot) error {
	var scopes []dcoder.Permission
	var previousUntil, expires *time.Time
	p, c := &s.Principal, &s.Credential
	err := tx.QueryRow(ctx, `
SELECT user_id, group_id, role, scopes, models, hash, pepper_id, previous_hash, previous_until, expires, blocked
FROM keys WHERE id = $1`, key).
		Scan(&p.User, &p.Group, &p.Role, &scopes, &s.Models, &c.Hash, &c.PepperID, &c.PreviousHash, &previousUntil, &expires, &c.Blocked)
	if err != nil {
		return err
	}
	c.PreviousUntil, c.Expires = timeOf(previousUntil), timeOf(expires)
	p.Permissions = auth.Permissions(p.Role, scopes)
	return nil
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func policyOf(t dcoder.Tenant) dcoder.TenantPolicy {
	return dcoder.TenantPolicy{
		State: t.State, Plan: t.Plan, TimeZone: t.TimeZone, Currency: t.Currency,
		Compression: t.Policies.Compression,
		RedisDown:   t.Policies.RedisDown, ColdOpen: t.Policies.ColdOpen, OutputCap: t.Policies.OutputCap,
		Failover: t.Policies.FailoverPolicy(), Timeouts: t.Policies.Timeouts, CallerKeys: t.Policies.CallerKeys,
	}
}

// parts is what a tenant's keys share.
type parts struct {
	Providers []sealedProvider
	Aliases   []dcoder.Alias
	Limits    []dcoder.Limit
	Raises    []raise
	Tracing   *dcoder.TracingGrant // its secret as a sealedProvider's
}

type sealedProvider struct {
	Name    string   `json:"name"`
	Dialect string   `json:"dialect"`
	BaseURL string   `json:"base_url"`
	Secret  string   `json:"secret"` // hexadecimal, as Postgres writes bytea: \x...
	Models  []string `json:"models"`
}

// partsQuery reads them in one round trip.
const partsQuery = `SELECT
 (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'dialect', dialect, 'base_url', base_url,
   'secret', encode(secret, 'hex'), 'models', models)), '[]') FROM providers),
 (SELECT coalesce(jsonb_agg(jsonb_build_object('alias', alias, 'targets', targets) || route), '[]') FROM aliases),
 (SELECT coalesce(jsonb_agg(jsonb_build_object('scope', scope, 'subject', subject, 'model', model, 'metric', metric, 'window', "window",
   'max', max, 'action', action, 'alerts', alerts) ORDER BY scope, subject, model, metric, "window"), '[]') FROM limits),
 (SELECT coalesce(jsonb_agg(jsonb_build_object('scope', scope, 'subject', subject, 'model', model, 'metric', metric, 'window', "window",
   'by', amount, 'until', until)), '[]') FROM approvals WHERE state = 'approved' AND until > now()),
 ` + tracingPart

func (p parts) into(s *dcoder.Snapshot, box *secret.Box) error {
	s.Providers = make(map[string]dcoder.ProviderGrant, len(p.Providers))
	for _, sealed := range p.Providers {
		grant, err := sealed.open(box)
		if err != nil {
			return err
		}
		s.Providers[grant.Name] = grant
	}
	s.Aliases = make(map[string][]dcoder.Target, len(p.Aliases))
	for _, a := range p.Aliases {
		s.Aliases[a.Alias] = a.Targets
		if a.Route != (dcoder.Route{}) {
			if s.Routes == nil {
				s.Routes = map[string]dcoder.Route{}
			}
			s.Routes[a.Alias] = a.Route
		}
	}
	s.Limits = auth.LimitsFor(s.Principal, p.Limits)
	raiseLimits(s.Limits, p.Raises)
	var err error
	s.Tracing, err = openTracing(p.Tracing, box)
	return err
}
