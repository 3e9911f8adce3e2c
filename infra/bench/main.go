// Command bench measures what the gateway costs.
//
//	go run ./infra/bench [-quick] [-only regexp] [-targets gateway,proxy,direct]
//	go run ./infra/bench cold [-n 20]
//	go run ./infra/bench visible [-conns 32] [-window 10s]
//	go run ./infra/bench streams [-rounds 5] [-calls 2000] [-hangs 100]
//
// The first form loads the gateway, a plain reverse proxy and the upstream
// itself in turns and prints one table with ratios to the proxy. The second
// starts the gateway again and again and prints how long it takes to be of use. The
// third starts dispatcher and usage too, and prints how soon rows are seen. The
// fourth measures streams with a pace of their own, hang-ups and translated answers.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/d-coder-ai/dcoder/infra/bench/pacer"
	"github.com/d-coder-ai/dcoder/infra/bench/proc"
	"github.com/d-coder-ai/dcoder/infra/bench/proxy"
	"github.com/d-coder-ai/dcoder/infra/bench/upstream"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case roleUpstream:
			return play(upstream.Serve)
		case roleProxy:
			return play(func(l net.Listener) error { return proxy.Serve(l, args[1]) })
		case rolePacer:
			return play(pacer.Serve)
		case "streams":
			return streams(ctx, args[1:])
		case "cold":
			return cold(ctx, args[1:])
		case "visible":
			return visible(ctx, args[1:])
		}
	}
	return overhead(ctx, args)
}

// The roles that this program's children play.
const (
	roleUpstream = "role-upstream"
	roleProxy    = "role-proxy"
	rolePacer    = "role-pacer"
)

// play serves on a free loopback port, says which, and ends with its parent.
func play(serve func(net.Listener) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Println(l.Addr())
	failed := make(chan error, 1)
	go func() { failed <- serve(l) }()
	gone := make(chan struct{})
	go func() {
		proc.UntilOrphaned()
		close(gone)
	}()
	select {
	case err := <-failed:
		return err
	case <-gone:
		return nil
	}
}
