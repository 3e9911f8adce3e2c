// Package wiring gives the workflows their stores. The worker runs them alone;
// functions/cmd/dev runs them beside the functions.
package wiring

import (
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/worker"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/provision"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/temporal"
	"github.com/d-coder-ai/dcoder/workflows/onboarding"
)

// Worker builds a process that runs all workflows, or the part of one; nothing in
// it connects before it is used.
func Worker(s settings.Worker) (serve.Options, error) {
	deps, closers, err := stores(s)
	if err != nil {
		return serve.Options{}, err
	}
	at := temporal.Options{
		Address: s.TemporalAddress, Namespace: s.TemporalNamespace, TaskQueue: s.TemporalTaskQueue, Log: slog.Default(),
	}
	client, err := temporal.NewClient(at)
	if err != nil {
		return serve.Options{}, err
	}
	closers = append(closers, hook(client.Close))
	return serve.Options{
		Workers: []serve.Worker{{Name: "workflows", Run: func(ctx context.Context) error {
			return temporal.Serve(ctx, client, at, func(r worker.Registry) { register(r, deps) })
		}}},
		OnDrain: closers,
	}, nil
}

// register is the visible list of the workflows.
func register(r worker.Registry, d dependencies) {
	onboarding.Register(r, onboarding.Deps{Provisioner: d.provisioner, Counters: d.ledger, Publisher: d.broker})
}

type dependencies struct {
	provisioner *provision.Provisioner
	ledger      *redis.Ledger
	broker      *nats.Broker
}

func stores(s settings.Worker) (d dependencies, closers []serve.Hook, err error) {
	kek, err := secret.ParseKeyset(s.KEK.Reveal())
	if err != nil {
		return d, nil, fmt.Errorf("DCODER_KEK: %w", err)
	}
	vault := secret.NewVault(kek)
	client, err := redis.Open(s.RedisURL.Reveal())
	if err != nil {
		return d, nil, fmt.Errorf("DCODER_REDIS_URL: %w", err)
	}
	d.ledger = redis.NewLedger(redis.Config{Client: client})
	d.broker = nats.New(nats.Config{URL: s.NATSURL.Reveal(), Prefix: s.NATSPrefix, Name: "worker"})
	databases, err := postgres.Open(postgres.Options{ControlDSN: s.ControlDSN.Reveal(), Vault: vault, Publisher: d.broker})
	if err != nil {
		return d, nil, fmt.Errorf("DCODER_CONTROL_DSN: %w", err)
	}
	d.provisioner, err = provision.New(provision.Options{
		Databases: databases, Vault: vault, CreatorDSN: s.CreatorDSN.Reveal(), Strategy: s.Strategy, Templates: s.Templates,
	})
	if err != nil {
		return d, nil, fmt.Errorf("DCODER_CREATOR_DSN: %w", err)
	}
	return d, []serve.Hook{
		hook(d.ledger.Close), hook(func() { _ = client.Close() }), hook(databases.Close), hook(d.broker.Close),
	}, nil
}

func hook(f func()) serve.Hook {
	return func(context.Context) error { f(); return nil }
}
