// Command usage serves the function usage.
package main

import (
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/usage"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c settings.Usage
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("usage", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	return serve.Options{
		Funcs:        []function.Func{usage.New(usage.Deps{Store: postgres.NewUsage(p.Databases)})},
		Identifier:   p.Keeper,
		EventSecrets: c.EventSecrets.Reveal(),
		OnDrain:      []serve.Hook{p.Close},
	}, nil
}
