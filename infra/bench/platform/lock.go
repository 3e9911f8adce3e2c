package platform

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lock keeps two benchmarks of one stack apart: they share the tenants, and each
// would measure the other. It waits until the other one ended; the lock ends
// with the process.
func lock(ctx context.Context, local string, say func(string, ...any)) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(local, "bench.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the benchmark: %w", err)
	}
	for told := false; ; told = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !told {
			say("another benchmark runs on this stack; waiting for its end")
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
