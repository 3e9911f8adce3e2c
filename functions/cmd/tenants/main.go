// Command tenants serves the function tenants.
package main

import (
	"context"
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/tenants"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/temporal"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c settings.Tenants
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("tenants", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	at := temporal.Options{Address: c.TemporalAddress, Namespace: c.TemporalNamespace, TaskQueue: c.TemporalTaskQueue}
	workflows, err := temporal.NewClient(at)
	if err != nil {
		return serve.Options{}, err
	}
	return serve.Options{
		Funcs: []function.Func{tenants.New(tenants.Deps{
			Store: postgres.NewTenants(p.Databases), Tracing: postgres.NewTracing(p.Databases), Onboarder: temporal.NewOnboarder(workflows, at), Issuer: p.Peppers,
		})},
		Identifier: p.Keeper,
		Authorizer: auth.Table{},
		Replays:    p.Replays(),
		OnDrain:    []serve.Hook{func(context.Context) error { workflows.Close(); return nil }, p.Close},
	}, nil
}
