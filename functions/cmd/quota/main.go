// Command quota serves the function quota.
package main

import (
	"context"
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/quota"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c settings.Quota
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("quota", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	ledger := redis.NewLedger(redis.Config{Client: p.Redis, Seeder: postgres.NewSeeder(p.Databases)})
	return serve.Options{
		Funcs: []function.Func{quota.New(quota.Deps{
			Store: postgres.NewLimits(p.Databases), Approvals: postgres.NewApprovals(p.Databases), Ledger: ledger,
		})},
		Identifier:   p.Keeper,
		Authorizer:   auth.Table{},
		Replays:      p.Replays(),
		EventSecrets: c.EventSecrets.Reveal(),
		OnDrain:      []serve.Hook{func(context.Context) error { ledger.Close(); return nil }, p.Close},
	}, nil
}
