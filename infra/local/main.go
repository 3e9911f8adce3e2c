// Command local runs the stack that development and tests stand on: Postgres with pgvector, Redis, NATS JetStream,
// Temporal and an S3 server, without Docker and without root. See docs/operations.md.
//
//	go run ./infra/local up|down [SERVICE...] | status | logs [SERVICE] | reset | purge | env | compose | tool NAME
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		if errors.Is(err, errUsage) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}
