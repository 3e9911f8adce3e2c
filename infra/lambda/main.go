// Command lambda packs the deployables for AWS Lambda: a static arm64 program named
// bootstrap in a zip each, for the runtime provided.al2023. The same source makes
// the same bytes, in whatever folder and however often.
//
//	go run ./infra/lambda [-out dist/lambda] [-arch arm64] [NAME...]
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
)

// list is the rendered list of functions.
const list = "infra/lambda/functions.json"

// Tags are those of every build for Lambda.
const tags = "lambda,lambda.norpc"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := flag.String("out", "dist/lambda", "folder of the zips")
	arch := flag.String("arch", "arm64", "arm64 or amd64")
	flag.Parse()
	if err := pack(ctx, *out, *arch, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "lambda:", err)
		os.Exit(1)
	}
}

// packages returns the deployables of the list by name. The dispatcher is not in
// it, since it is no function: here it is what a schedule calls.
func packages() (map[string]string, error) {
	raw, err := os.ReadFile(list)
	if err != nil {
		return nil, fmt.Errorf("read the list of functions (make render): %w", err)
	}
	var in struct {
		Functions []struct{ Name, Package string }
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("decode %s: %w", list, err)
	}
	all := map[string]string{"dispatcher": "functions/cmd/dispatcher"}
	for _, f := range in.Functions {
		all[f.Name] = f.Package
	}
	delete(all, "deadletters") // it reads the broker's; on AWS they are a queue
	return all, nil
}

func pack(ctx context.Context, out, arch string, only []string) error {
	all, err := packages()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "lambda")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	names := []string{}
	for name := range all {
		if len(only) == 0 || slices.Contains(only, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	fmt.Printf("%-12s %12s %9s  %s\n", "function", "program, MB", "zip, MB", "source_code_hash")
	for _, name := range names {
		program := filepath.Join(work, name)
		if err := build(ctx, program, "./"+all[name], arch); err != nil {
			return err
		}
		z, err := writeZip(filepath.Join(out, name+".zip"), program)
		if err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		fmt.Printf("%-12s %12.1f %9.1f  %s\n", name, float64(z.program)/1e6, float64(z.size)/1e6, z.hash)
	}
	return nil
}

func build(ctx context.Context, program, pkg, arch string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", "-s -w -buildid=", "-o", program, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return nil
}
