// Command release brings functions to a Knative cluster and moves traffic between
// their revisions. Each function has a version of its own, the digest of its image:
// the same source makes the same digest, so an apply starts only what has changed.
//
//	release -overlay dev deploy                 the images of the last build into the overlay, and apply it
//	release hold chat                           new revisions get no traffic from now on
//	release canary chat 10                      10 % to the newest, the rest to the one before
//	release promote chat                        all traffic to the newest, as revisions come
//	release rollback chat                       all traffic back to the one before, new ones held
//	release status chat
//	release notes chat v1.2.0 HEAD              what changed in what the function is made of
//
// It speaks to the cluster through kubectl; infra/images builds and pushes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

type options struct {
	references, overlay, namespace string
}

var errUsage = errors.New("usage: release [-references FILE] [-overlay NAME] [-namespace NAME] deploy | hold|promote|rollback|status FUNCTION | canary FUNCTION PERCENT | notes FUNCTION FROM TO")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.references, "references", "dist/images/references.txt", "images of the last build")
	flag.StringVar(&o.overlay, "overlay", "dev", "of knative/overlays")
	flag.StringVar(&o.namespace, "namespace", "dcoder", "of the functions")
	flag.Parse()
	if err := command(ctx, o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, o options, args []string) error {
	if len(args) == 1 && args[0] == "deploy" {
		return deploy(ctx, o)
	}
	if len(args) == 4 && args[0] == "notes" {
		return notes(ctx, os.Stdout, args[1], args[2], args[3])
	}
	if len(args) < 2 {
		return errUsage
	}
	c := cluster{o.namespace}
	switch verb, function := args[0], args[1]; {
	case verb == "status" && len(args) == 2:
		return c.status(ctx, function)
	case verb == "hold" && len(args) == 2:
		return c.move(ctx, function, hold)
	case verb == "promote" && len(args) == 2:
		return c.move(ctx, function, promote)
	case verb == "rollback" && len(args) == 2:
		return c.move(ctx, function, rollback)
	case verb == "canary" && len(args) == 3:
		percent, err := strconv.Atoi(args[2])
		if err != nil || percent < 1 || percent > 99 {
			return fmt.Errorf("%q is no share between 1 and 99 per cent", args[2])
		}
		return c.move(ctx, function, func(s *service) ([]target, error) { return canary(s, percent) })
	}
	return errUsage
}
