// Command e2e proves the platform on a real cluster with Knative Serving, and prints what it saw as one table.
//
//	KUBECONFIG=... go run ./infra/e2e [-only regexp] [-colds 30] [-events 1000]
//
// It needs kubectl and ko on the PATH, KO_DOCKER_REPO that the cluster can pull from, and the local stack's variables
// (make e2e brings them). HOST_ADDRESS is the address of this machine that pods reach; GATEWAY the host:port of the
// cluster's private ingress.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/d-coder-ai/dcoder/infra/e2e/site"
)

// check proves one thing. What it returns is a line of the table.
type check struct {
	name string
	run  func(context.Context, *site.Site, options) (seen string, err error)
}

// checks run in this order: each leaves the platform as it found it.
var checks = []check{
	{"every function Ready", ready},
	{"a completion and its usage row", completes},
	{"scale to zero", sleeps},
	{"from zero, beside hello", coldStarts},
	{"events to a sleeping function", sleepingEvents},
	{"scale out under concurrency", scalesOut},
	{"rolling update under open streams", rolls},
	{"canary at 10 %", canary},
	{"kills under load", kills},
}

type options struct {
	colds, events, streams, calls, murders int
	length                                 time.Duration // of a stream in the rolling update
}

// long is a model whose answer lasts for the length of a stream in the rolling update.
func (o options) long() string {
	return fmt.Sprintf("sim-tokens-%d-pace-%dms", longTokens, o.length.Milliseconds()/longTokens)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	f := flag.NewFlagSet("e2e", flag.ContinueOnError)
	only := f.String("only", "", "only checks whose name matches")
	f.IntVar(&o.colds, "colds", 30, "cold starts of each of chat and hello, in turns")
	f.IntVar(&o.events, "events", 1000, "events to a sleeping function")
	f.IntVar(&o.streams, "streams", 50, "streams open during the rolling update")
	f.DurationVar(&o.length, "length", time.Minute, "how long each of them lasts")
	f.IntVar(&o.calls, "calls", 1000, "calls during the canary")
	f.IntVar(&o.murders, "kills", 10, "kills of each of chat, dispatcher and worker")
	if err := f.Parse(args); err != nil {
		return err
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	s, err := site.Open(ctx, site.Options{
		Repository: dir, Host: or(os.Getenv("HOST_ADDRESS"), "10.244.0.1"), Gateway: or(os.Getenv("GATEWAY"), "10.244.0.1:80"),
		Models: []string{model, slow, o.long()},
		Say:    func(format string, args ...any) { fmt.Fprintf(os.Stderr, "== "+format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	defer s.Close()
	return report(ctx, s, o, match)
}

// report runs the checks and prints the table.
func report(ctx context.Context, s *site.Site, o options, match *regexp.Regexp) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "check\tresult\tseen\ttook")
	failed := 0
	for _, c := range checks {
		if !match.MatchString(c.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "== %s\n", c.name)
		began := time.Now()
		seen, err := c.run(ctx, s, o)
		result := "ok"
		if err != nil {
			failed++
			result, seen = "FAILED", fmt.Sprintf("%v; %s", err, seen)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%v\n", c.name, result, seen, time.Since(began).Round(100*time.Millisecond))
		fmt.Fprintf(os.Stderr, "   %s: %s\n", result, seen)
	}
	_ = t.Flush()
	if failed > 0 {
		return fmt.Errorf("%d checks failed", failed)
	}
	return ctx.Err()
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
