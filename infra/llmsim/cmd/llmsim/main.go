// Command llmsim runs the provider simulator on a loopback port until it is
// told to stop. It prints its address as its first line.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "llmsim:", err)
		os.Exit(1)
	}
}

func run() error {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen; port 0 takes a free one")
	instant := flag.Bool("instant", false, "answer with pre-rendered bytes")
	var l llmsim.Latency
	flag.Func("headers", "time before the headers", durationInto(&l.Headers))
	flag.Func("first", "time before the first token", durationInto(&l.FirstToken))
	flag.Func("pace", "time between tokens", durationInto(&l.PerToken))
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	server := &http.Server{
		Handler: llmsim.New(llmsim.Config{Instant: *instant, Latency: l}).Handler(), ReadHeaderTimeout: 10 * time.Second,
	}
	go func() {
		<-ctx.Done()
		_ = server.Close() // open streams end with the process; nothing is lost that matters
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func durationInto(d *llmsim.Duration) func(string) error {
	return func(s string) error {
		v, err := time.ParseDuration(s)
		*d = llmsim.Duration(v)
		return err
	}
}
