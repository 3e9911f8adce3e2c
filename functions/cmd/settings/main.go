// Command settings serves the function settings.
package main

import (
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	configuration "github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/settings"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c configuration.Settings
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("settings", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	return serve.Options{
		Funcs: []function.Func{settings.New(settings.Deps{
			Guards: postgres.NewGuards(p.Databases), Cache: postgres.NewCacheRulebook(p.Databases), Voids: redis.NewAnswers(p.Redis),
		})},
		Identifier: p.Keeper,
		Authorizer: auth.Table{},
		Replays:    p.Replays(),
		OnDrain:    []serve.Hook{p.Close},
	}, nil
}
