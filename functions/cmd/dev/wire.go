package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/functions/access"
	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/calls"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/delivery"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/deadletters"
	"github.com/d-coder-ai/dcoder/functions/embed"
	"github.com/d-coder-ai/dcoder/functions/quota"
	policies "github.com/d-coder-ai/dcoder/functions/settings"
	"github.com/d-coder-ai/dcoder/functions/tenants"
	"github.com/d-coder-ai/dcoder/functions/usage"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/provision"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
	"github.com/d-coder-ai/dcoder/shared/temporal"
	"github.com/d-coder-ai/dcoder/shared/upstream"
	workflows "github.com/d-coder-ai/dcoder/workflows/cmd/wiring"
)

// dev is the platform in one process while it is put together.
type dev struct {
	settings settings.Dev
	platform *wiring.Platform
	sim      *simulator
	front    *front
	base     atomic.Pointer[string] // where the functions listen, once they do
	ready    chan struct{}          // closed when base is set
}

// wire opens everything that the functions, the dispatcher and the worker need,
// and the gateway before them.
func wire(ctx context.Context, process config.Process, s settings.Dev) (o serve.Options, closing func(), err error) {
	d := &dev{settings: s, ready: make(chan struct{})}
	if d.platform, err = wiring.Open("dev", s.Identified, s.NATS); err != nil {
		return o, nil, err
	}
	if err := d.migrate(ctx); err != nil {
		return o, nil, err
	}
	if d.sim, err = startSimulator(ctx); err != nil {
		return o, nil, err
	}
	if d.front, err = openFront(ctx, process, d.platform.Redis, s.OTLPEndpoint); err != nil {
		return o, nil, err
	}
	parts, err := d.parts()
	if err != nil {
		return o, nil, err
	}
	return serve.Options{
		Funcs: parts.funcs, Identifier: d.platform.Keeper, Replays: d.platform.Replays(),
		EventSecrets: s.EventSecrets.Reveal(),
		Workers: append(parts.workers, serve.Worker{Name: "demo", Run: d.demo},
			serve.Worker{Name: "gateway", Run: d.front.run}, serve.Worker{Name: "kong", Run: d.front.tenants(d.platform.Databases).Run}),
		OnDrain:   append(parts.hooks, d.platform.Close),
		Metrics:   parts.metrics,
		Listening: d.listening,
	}, d.sim.close, nil
}

type parts struct {
	funcs   []function.Func
	workers []serve.Worker
	hooks   []serve.Hook
	metrics []metric.Source
}

// parts puts the functions, the dispatcher and the worker together.
func (d *dev) parts() (p parts, err error) {
	models := calls.Open(d.platform, d.settings.Egress, d.settings.Calls, d.settings.Journal, d.settings.Telemetry)
	events, err := delivery.Open(d.platform, catalog.All(), d.address, d.settings.EventSecrets.Reveal())
	if err != nil {
		return p, err
	}
	flows, err := workflows.Worker(settings.Worker{
		Control: d.settings.Control, Redis: d.settings.Redis, Sealing: d.settings.Sealing,
		Creator: d.settings.Creator, NATS: d.settings.NATS, Temporal: d.settings.Temporal,
	})
	if err != nil {
		return p, err
	}
	client, err := temporal.NewClient(d.queue())
	if err != nil {
		return p, err
	}
	p.funcs = d.funcs(models, temporal.NewOnboarder(client, d.queue()))
	p.metrics = models.Metrics
	p.workers = slices.Concat(models.Workers, events.Workers, flows.Workers)
	p.hooks = slices.Concat(models.OnDrain, events.OnDrain, flows.OnDrain,
		[]serve.Hook{func(context.Context) error { client.Close(); return nil }})
	return p, nil
}

// funcs is every function of the catalogue with what it needs.
func (d *dev) funcs(models *calls.Calls, onboarder tenants.Onboarder) []function.Func {
	db := d.platform.Databases
	limits, up := postgres.NewLimits(db), upstream.New(upstream.Options{Allow: d.settings.EgressAllow})
	return []function.Func{
		chat.New(chat.Deps{
			Model: models.Model, Dialects: providers.Names(), Replays: models.Replays,
			Responses: postgres.NewResponses(db), ResponseLife: d.settings.ResponseLife,
		}),
		embed.New(embed.Deps{Model: models.Model, Replays: models.Replays}),
		usage.New(usage.Deps{Store: postgres.NewUsage(db)}),
		quota.New(quota.Deps{
			Store: limits, Approvals: postgres.NewApprovals(db), Ledger: redis.NewLedger(redis.Config{Client: d.platform.Redis}),
		}),
		tenants.New(tenants.Deps{Store: postgres.NewTenants(db), Tracing: postgres.NewTracing(db), Onboarder: onboarder, Issuer: d.platform.Peppers}),
		access.New(access.Deps{
			Keys: postgres.NewKeys(db), Providers: postgres.NewProviders(db), Aliases: postgres.NewAliases(db), Prices: postgres.NewPrices(db),
			Issuer: d.platform.Peppers, Dialects: providers.Names(), Upstream: up, Probe: providers.Probes(up),
		}),
		deadletters.New(deadletters.Deps{Letters: d.platform.Broker}),
		policies.New(policies.Deps{Guards: postgres.NewGuards(db), Cache: postgres.NewCacheRulebook(db), Voids: redis.NewAnswers(d.platform.Redis)}),
	}
}

func (d *dev) queue() temporal.Options {
	s := d.settings.Temporal
	return temporal.Options{
		Address: s.TemporalAddress, Namespace: s.TemporalNamespace, TaskQueue: s.TemporalTaskQueue, Log: slog.Default(),
	}
}

// address is where every function lives: here. Deliveries wait until it listens.
func (d *dev) address(string) string {
	<-d.ready
	return *d.base.Load()
}

func (d *dev) listening(a net.Addr) {
	inner, base := a.String(), "http://"+a.String()
	d.front.inner.Store(&inner)
	d.base.Store(&base)
	close(d.ready)
}

// migrate brings the control database up to date before anything reads it.
func (d *dev) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p, err := provision.New(provision.Options{
		Databases: d.platform.Databases, Vault: d.platform.Vault, CreatorDSN: d.settings.CreatorDSN.Reveal(),
		ControlDB: controlDatabase(d.settings.ControlDSN.Reveal()), Strategy: d.settings.Strategy, Templates: d.settings.Templates,
	})
	if err != nil {
		return fmt.Errorf("DCODER_CREATOR_DSN: %w", err)
	}
	if _, err = p.EnsureControl(ctx); err == nil {
		_, err = p.MigrateAll(ctx)
	}
	return err
}

// controlDatabase is the name that the functions know the control database by.
func controlDatabase(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}
