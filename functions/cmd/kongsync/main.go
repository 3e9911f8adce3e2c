// Command kongsync tells Kong which tenants there are, so that coarse limits count
// by tenant. Without it Kong limits by address; any number of it may run.
package main

import (
	"context"
	"os"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/kong"
	"github.com/d-coder-ai/dcoder/shared/postgres"
)

func main() { os.Exit(serve.Main(wire)) }

func wire() (serve.Options, error) {
	var c settings.KongSync
	if err := config.Load(&c); err != nil {
		return serve.Options{}, err
	}
	databases, err := postgres.Open(postgres.Options{ControlDSN: c.ControlDSN.Reveal()})
	if err != nil {
		return serve.Options{}, err
	}
	sync := &kong.Sync{
		Admin: c.KongAdminURL, Tenants: postgres.NewTenants(databases).All,
		Config: func() ([]byte, error) { return os.ReadFile(c.KongConfig) },
	}
	return serve.Options{
		Workers: []serve.Worker{{Name: "kong", Run: sync.Run}},
		OnDrain: []serve.Hook{func(context.Context) error { databases.Close(); return nil }},
	}, nil
}
