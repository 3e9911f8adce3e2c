// Command affected prints the packages whose tests a change reaches: those that changed since the branch left main,
// committed or not, and all that import them, however far. It reads git and the go command and changes nothing.
//
//	go run ./infra/affected [base]
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "affected:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	base := ""
	if len(args) > 0 {
		base = args[0]
	}
	files, err := changed(ctx, base)
	if err != nil {
		return err
	}
	packages, err := list(ctx)
	if err != nil {
		return err
	}
	for _, path := range reached(packages, files) {
		fmt.Println(path)
	}
	return nil
}
