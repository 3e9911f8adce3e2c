// Command dispatcher brings events from the broker to functions, and keeps the
// outboxes empty: it relays usage, sweeps what killed processes left, and makes
// room in the event stream. Any number of it may run; it has no routes but health.
package main

import (
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/delivery"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/functions/quota"
	"github.com/d-coder-ai/dcoder/functions/usage"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
)

func main() { os.Exit(serve.Main(wire)) }

// listeners is every function that hears events, without what it needs: a value
// knows its events.
func listeners() []function.Func {
	return []function.Func{usage.New(usage.Deps{}), quota.New(quota.Deps{})}
}

func wire() (serve.Options, error) {
	var c settings.Dispatcher
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	p, err := wiring.Open("dispatcher", c.Identified, c.NATS)
	if err != nil {
		return serve.Options{}, err
	}
	address, err := dispatch.Addresses(c.FunctionURL, c.FunctionURLs)
	if err != nil {
		return serve.Options{}, err
	}
	d, err := delivery.Open(p, listeners(), address, c.EventSecrets.Reveal())
	if err != nil {
		return serve.Options{}, err
	}
	return serve.Options{Workers: d.Workers, Rounds: d.Rounds, OnDrain: append(d.OnDrain, p.Close)}, nil
}
