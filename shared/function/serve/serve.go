// Package serve runs functions as a plain HTTP server: it listens on PORT, sheds
// load, drains on SIGTERM, and keeps background workers beside the routes. One
// function or many make no difference to it.
//
// It decides nothing about requests; package function does. AWS Lambda has a
// package of its own that serves the same function.Host.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/telemetry"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// Options is what a deployable is made of. Nothing in it connects to anything
// before its first use, so that a process with everything down still starts, is
// live, and answers a proper error.
type Options struct {
	Funcs        []function.Func
	Identifier   function.Identifier // needed when a route demands a permission
	Authorizer   function.Authorizer // nil: what the principal's permissions say
	Replays      function.Replays    // nil: Idempotency-Key is not honoured
	EventSecrets []string            // nil: the event door is shut
	Workers      []Worker            // start after listening, end before OnDrain
	OnDrain      []Hook              // run in order when requests and workers ended: flush, then close
	Settle       []Hook              // where no worker runs, run in order at the end of each request
	Rounds       []Round             // where no worker runs, run when a schedule asks
	Metrics      []metric.Source     // told at GET /metrics beside the process' own
	Listening    func(net.Addr)      // called once with the address, before the first request; may be nil
}

// Worker runs beside the requests until its context ends. An error before that
// ends the process, which is started anew by whoever runs it; so a worker that
// can go on retries by itself.
type Worker struct {
	Name string
	Run  func(ctx context.Context) error
}

// Hook is a step of the drain; its context bounds it.
type Hook func(ctx context.Context) error

const (
	lastWords    = 3 * time.Second // for error frames, after the grace period
	hooksTimeout = 5 * time.Second
)

// Main is all that a deployable's main calls: os.Exit(serve.Main(wire)). It
// reads config.Process, sets up the log and the memory limit, calls wire to
// build the options, and serves until SIGTERM or SIGINT. It returns the
// process' exit code; a second signal ends it at once. Started by AWS Lambda, it
// runs at the Place that was registered instead.
func Main(wire func() (Options, error)) int {
	if os.Getenv(runtimeAPI) != "" {
		return mainElsewhere(wire)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // the next signal has its default effect
	var process config.Process
	if err := config.Load(&process); err != nil {
		return failed(slog.Default(), err)
	}
	log, err := telemetry.New(os.Stderr, process.LogLevel, process.LogFormat)
	if err != nil {
		return failed(slog.Default(), err)
	}
	slog.SetDefault(log)
	options, err := wire()
	if err != nil {
		return failed(log, err)
	}
	if err := Run(ctx, process, options); err != nil {
		return failed(log, err)
	}
	return 0
}

func failed(log *slog.Logger, err error) int {
	log.Error("the process ends", "error", err.Error())
	return 1
}

// Run serves until ctx ends, then drains. It returns nil after a drain that
// followed ctx, and an error when it could not listen or a worker failed.
func Run(ctx context.Context, process config.Process, o Options) error {
	s, err := newServer(process, o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(process.Host, strconv.Itoa(process.Port)))
	if err != nil {
		return fmt.Errorf("listen on port %d: %w", process.Port, err)
	}
	return s.run(ctx, listener)
}

// server is one run.
type server struct {
	options Options
	grace   time.Duration
	load    *load
	http    *http.Server
	workers workers
	end     context.CancelCauseFunc // of every request's context
}

func newServer(process config.Process, o Options) (*server, error) {
	limit := memoryLimit("/")
	limitMemory(limit)
	s := &server{options: o, grace: process.DrainGrace, load: newLoad(process.MaxInFlight, bodyRoom(int64(process.MaxInFlightBytes), limit))}
	started := time.Now()
	host, err := function.NewHost(function.Wiring{
		Identifier: o.Identifier, Authorizer: o.Authorizer, Replays: o.Replays, EventSecrets: o.EventSecrets,
		Gate: s.load, Log: slog.Default(), Metrics: s.metrics,
		Status: func() function.Status {
			n, ready := s.load.status()
			return function.Status{Ready: ready, Version: version(), Started: started, InFlight: n}
		},
	}, o.Funcs...)
	if err != nil {
		return nil, err
	}
	requests, end := context.WithCancelCause(context.Background())
	s.end = end
	s.http = &http.Server{
		Handler:           host,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	return s, nil
}

func (s *server) run(ctx context.Context, listener net.Listener) error {
	defer s.end(function.ErrDraining)
	slog.Info("listening", "address", listener.Addr().String())
	if s.options.Listening != nil {
		s.options.Listening(listener.Addr())
	}
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(listener) }()
	s.workers.start(s.options.Workers)
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-s.workers.failed:
	case err := <-served:
		cause = fmt.Errorf("serve: %w", err)
	}
	return errors.Join(cause, s.drain())
}

// drain ends the process in order: no new requests; running ones finish, or are
// told when the grace period is over; workers; hooks; connections.
func (s *server) drain() error {
	slog.Info("draining", "grace", s.grace.String())
	s.http.SetKeepAlivesEnabled(false) // every answer from now on says Connection: close
	idle := s.load.drain()
	if !within(s.grace, idle) {
		s.end(function.ErrDraining)
		within(lastWords, idle)
	}
	err := s.workers.stop(s.grace)
	ctx, cancel := context.WithTimeout(context.Background(), hooksTimeout)
	defer cancel()
	for _, hook := range s.options.OnDrain {
		err = errors.Join(err, hook(ctx))
	}
	s.close()
	slog.Info("drained")
	return err
}

func (s *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // whoever still hangs on has had all our time
	}
}

func within(d time.Duration, done <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// version names the build by its revision.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}
