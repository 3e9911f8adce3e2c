// Command embed serves the function embed.
package main

import (
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/calls"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/embed"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c settings.Embed
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("embed", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	models := calls.Open(p, c.Egress, c.Calls, c.Journal, c.Telemetry)
	return serve.Options{
		Funcs:      []function.Func{embed.New(embed.Deps{Model: models.Model, Replays: models.Replays})},
		Identifier: p.Keeper,
		Workers:    models.Workers,
		Metrics:    models.Metrics,
		Settle:     models.Settle,
		OnDrain:    append(models.OnDrain, p.Close),
	}, nil
}
