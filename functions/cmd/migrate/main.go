// Command migrate brings the control database and all tenants' to the newest
// version, and ends. It runs before a release; it may be killed and run again.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/operate"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("migration failed", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var c settings.Migrate
	if err := config.Load(&c); err != nil {
		return err
	}
	p, err := operate.Open(c.ControlDSN.Reveal(), c.CreatorDSN.Reveal(), c.KEK.Reveal())
	if err != nil {
		return err
	}
	defer p.Databases.Close()
	control, tenants, err := p.Migrate(ctx)
	slog.Info("migrated", "control_version", control, "tenants", tenants)
	return err
}
