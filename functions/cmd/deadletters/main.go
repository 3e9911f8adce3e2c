// Command deadletters serves the function deadletters.
package main

import (
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/deadletters"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c settings.DeadLetters
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("deadletters", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	return serve.Options{
		Funcs:      []function.Func{deadletters.New(deadletters.Deps{Letters: p.Broker})},
		Identifier: p.Keeper,
		OnDrain:    []serve.Hook{p.Close},
	}, nil
}
