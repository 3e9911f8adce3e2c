package main

import (
	"context"
	"fmt"

	"github.com/d-coder-ai/dcoder/infra/bench/platform"
)

// profile begins to profile the gateway, when a file was named. The returned
// function waits for the profiles.
func (b *testbed) profile(ctx context.Context, file string) (wait func() error) {
	if file == "" || b.pprof == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		done <- platform.Profile(ctx, b.pprof, fmt.Sprintf("profile?seconds=%d", profileSeconds), file+".cpu")
	}()
	return func() error {
		if err := <-done; err != nil {
			return err
		}
		return platform.Profile(ctx, b.pprof, "allocs", file+".allocs")
	}
}

// profileSeconds is how long the processor is watched from the start of the
// first cell: choose a cell with -only, and rounds that last longer.
const profileSeconds = 5
