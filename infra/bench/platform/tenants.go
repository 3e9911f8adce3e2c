package platform

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/provision"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/secret"
)

// Model is what the tenants' clients ask for.
const Model = "gpt-4o-mini"

// builder makes tenants.
type builder struct {
	*provision.Provisioner
	peppers *auth.Peppers
}

// makeTenants finds the tenants of earlier runs, makes those that are missing,
// and points the credentials of all to the upstream of this run.
func (p *Platform) makeTenants(ctx context.Context) (err error) {
	if p.state, err = readState(p.stack["DCODER_LOCAL"]); err != nil {
		return err
	}
	b, err := p.builder(ctx)
	if err != nil {
		return err
	}
	defer b.Databases.Close()
	alive, err := b.active(ctx)
	if err != nil {
		return err
	}
	var kept []tenant
	for _, t := range p.state.Tenants {
		if alive[t.ID] {
			kept = append(kept, t)
		}
	}
	p.state.Tenants = kept
	if missing := p.options.Tenants - len(kept); missing > 0 {
		p.options.Say("making %d tenants", missing)
	}
	for len(p.state.Tenants) < p.options.Tenants {
		t, err := b.make(ctx)
		if err != nil {
			return fmt.Errorf("make a tenant: %w", err)
		}
		p.state.Tenants = append(p.state.Tenants, t)
		if err := p.state.write(); err != nil {
			return err
		}
	}
	return p.prepare(ctx, b)
}

func (p *Platform) builder(ctx context.Context) (*builder, error) {
	kek, err := secret.ParseKeyset(p.state.KEK)
	if err != nil {
		return nil, err
	}
	peppers, err := auth.ParsePeppers(p.state.Peppers)
	if err != nil {
		return nil, err
	}
	vault := secret.NewVault(kek)
	d, err := postgres.Open(postgres.Options{ControlDSN: withDatabase(p.stack["DCODER_CONTROL_DSN"]), Vault: vault, Generations: redis.NewShelf(p.Redis)})
	if err != nil {
		return nil, err
	}
	made, err := provision.New(provision.Options{
		Databases: d, Vault: vault, CreatorDSN: p.stack["DCODER_CREATOR_DSN"], ControlDB: controlDB,
		AppRole: user(p.stack["DCODER_CONTROL_DSN"]), Templates: controlDB + "_tpl_v",
	})
	if err != nil {
		d.Close()
		return nil, err
	}
	b := &builder{made, peppers}
	if _, err := b.EnsureControl(ctx); err != nil {
		d.Close()
		return nil, err
	}
	if _, err := b.MigrateAll(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return b, nil
}

func (b *builder) active(ctx context.Context) (map[string]bool, error) {
	alive := map[string]bool{}
	err := b.Databases.ReadControl(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM tenants WHERE state = 'active'`)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, id := range ids {
			alive[id] = true
		}
		return err
	})
	return alive, err
}

// make takes the steps of onboarding and adds a key of a member, with limits at
// three scopes on three metrics: the most that a request is usually held to.
func (b *builder) make(ctx context.Context) (tenant, error) {
	id := dcoder.NewTenantID()
	_, admin := b.peppers.Issue(id, dcoder.NewKeyID())
	in := dcoder.Onboarding{
		Tenant: id, Name: "Benchmark", Platform: dcoder.DefaultPlatform, Plan: "pooled", TimeZone: "UTC", Currency: "USD", Admin: admin,
	}
	for _, step := range []func() error{
		func() error { return b.ReserveTenant(ctx, in) },
		func() error { return b.CreateRole(ctx, id) },
		func() error { return b.CreateDatabase(ctx, id) },
		func() error { return b.MigrateDatabase(ctx, id) },
		func() error { return b.SeedDefaults(ctx, in) },
		func() error { return b.Activate(ctx, id) },
	} {
		if err := step(); err != nil {
			return tenant{}, err
		}
	}
	key, hashed := b.peppers.Issue(id, dcoder.NewKeyID())
	err := postgres.NewKeys(b.Databases).Create(ctx, id, dcoder.VirtualKey{
		ID: key.ID, Name: "load", User: "user1", Group: "group1", Role: dcoder.RoleMember, Created: time.Now().UTC(),
	}, hashed, nil)
	if err != nil {
		return tenant{}, err
	}
	return tenant{id, key.Text}, postgres.NewLimits(b.Databases).Replace(ctx, id, limits())
}

func limits() (all []dcoder.Limit) {
	for _, scope := range []dcoder.Scope{dcoder.ScopeKey, dcoder.ScopeUser, dcoder.ScopeTenant} {
		all = append(all,
			dcoder.Limit{Scope: scope, Metric: dcoder.MetricRequests, Window: dcoder.WindowMinute, Max: 1e9, Action: dcoder.ActionDeny},
			dcoder.Limit{Scope: scope, Metric: dcoder.MetricTokens, Window: dcoder.WindowMinute, Max: 1e12, Action: dcoder.ActionDeny},
			dcoder.Limit{Scope: scope, Metric: dcoder.MetricMoney, Window: dcoder.WindowMonth, Max: 1e15, Action: dcoder.ActionDeny})
	}
	return all
}

// prepare does for every tenant what a new run has to: the upstream listens on
// another port, and this run's Redis knows nobody.
func (p *Platform) prepare(ctx context.Context, b *builder) error {
	store := postgres.NewProviders(b.Databases)
	ledger := redis.NewLedger(redis.Config{Client: p.Redis})
	defer ledger.Close()
	for _, t := range p.state.Tenants[:p.options.Tenants] {
		for _, protocol := range []string{"openai", "anthropic"} {
			_, err := store.Put(ctx, t.ID, dcoder.Provider{
				Name: protocol, Dialect: protocol, BaseURL: "http://" + p.options.Upstream + "/v1",
			}, "upstream-secret")
			if err != nil {
				return fmt.Errorf("point a tenant to the upstream: %w", err)
			}
		}
		if err := ledger.Open(ctx, t.ID); err != nil {
			return err
		}
		p.Keys = append(p.Keys, t.Key)
	}
	return nil
}

// dropStreams forgets the events of the run, which no function was there to hear.
func (p *Platform) dropStreams(ctx context.Context) {
	conn, err := nats.Connect(p.stack["DCODER_NATS_URL"], nats.Timeout(2*time.Second))
	if err != nil {
		return
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return
	}
	for _, stream := range []string{"EVENTS", "RETRY", "DEAD"} {
		_ = js.DeleteStream(ctx, "DCODERBENCH_"+stream)
	}
}

func withDatabase(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn // what opens it says what is wrong
	}
	u.Path = "/" + controlDB
	return u.String()
}

func user(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return ""
	}
	return u.User.Username()
}
