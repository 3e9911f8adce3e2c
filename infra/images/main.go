// Command images builds the deployables' container images with ko: two platforms, a
// numeric user that is not root, an SPDX list of what is in each, and the same digest
// whenever and wherever the same source is built. Without a registry it serves one on
// loopback, with a base that it makes itself, so it needs nothing from outside.
//
//	images -ko PATH [-repo REGISTRY/FOLDER] [-base REFERENCE] [-out dist/images] build [NAME...]
//	images -ko PATH [...] verify [NAME]     the same digest twice, and from another folder
//	images [-out dist/images] sign               the last build's images, by COSIGN_KEY
//	images [-out dist/images] serve [ADDRESS]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options of the command line.
type options struct {
	ko   string // path of the program
	repo string // where images go; empty: a registry on loopback
	base string // base image by digest; empty: our own
	out  string // folder of the registry's data, SBOMs and references
}

var errUsage = errors.New("usage: images -ko PATH [-repo REPO] [-base REF] [-out DIR] build [NAME...] | verify [NAME] | sign | serve [ADDRESS]")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.ko, "ko", "", "path of ko")
	flag.StringVar(&o.repo, "repo", "", "registry and folder; empty: a registry on loopback")
	flag.StringVar(&o.base, "base", "", "base image by digest; empty: our own, pushed beside the images")
	flag.StringVar(&o.out, "out", "dist/images", "folder of what is kept")
	flag.Parse()
	if err := command(ctx, o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, o options, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	switch verb, rest := args[0], args[1:]; verb {
	case "build":
		return build(ctx, o, rest)
	case "verify":
		return verify(ctx, o, rest)
	case "sign":
		return sign(ctx, o)
	case "serve":
		return serve(ctx, o, rest)
	}
	return errUsage
}
