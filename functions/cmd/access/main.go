// Command access serves the function access.
package main

import (
	"os"

	"github.com/d-coder-ai/dcoder/functions/access"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c settings.Access
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("access", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	up := upstream.New(upstream.Options{Allow: c.EgressAllow})
	return serve.Options{
		Funcs: []function.Func{access.New(access.Deps{
			Keys: postgres.NewKeys(p.Databases), Providers: postgres.NewProviders(p.Databases), Aliases: postgres.NewAliases(p.Databases), Prices: postgres.NewPrices(p.Databases),
			Issuer: p.Peppers, Dialects: providers.Names(), Upstream: up, Probe: providers.Probes(up),
		})},
		Identifier: p.Keeper,
		Authorizer: auth.Table{},
		Replays:    p.Replays(),
		OnDrain:    []serve.Hook{p.Close},
	}, nil
}
