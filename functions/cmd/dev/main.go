// Command dev runs the whole platform in one process on a loopback port: Kong's
// double as the front door, all functions, the dispatcher, the worker of the workflows, the provider
// simulator, and a demo tenant made through the platform's own routes.
//
// It wants the local stack (make up) and its variables (.local/env); make dev
// gives it both.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/telemetry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if err := presets(); err != nil {
		return err
	}
	var process config.Process
	var s settings.Dev
	if err := config.Load(&process, &s); err != nil {
		return err
	}
	log, err := telemetry.New(os.Stderr, process.LogLevel, process.LogFormat)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	options, closing, err := wire(ctx, process, s)
	if err != nil {
		return err
	}
	defer closing()
	process.Port = 0 // the gateway has the one that clients know
	return serve.Run(ctx, process, options)
}
