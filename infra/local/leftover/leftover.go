// Package leftover removes what commands that were cut have left behind. It does not know what they were making.
package leftover

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// patience is how long a killed command's own children may go on writing: the system ends the command with us, and
// its children notice a moment later (a killed initdb's server, the tar under dpkg). Until then a removal finds its
// folder not empty.
const patience = 30 * time.Second

// Remove removes every file or folder that the pattern (filepath.Glob's) names, trying again for as long as one is
// still written to.
func Remove(ctx context.Context, pattern string) error {
	left, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for _, path := range left {
		if err := remove(ctx, path); err != nil {
			return fmt.Errorf("removing what an earlier run left: %w", err)
		}
	}
	return nil
}

func remove(ctx context.Context, path string) error {
	for {
		err := os.RemoveAll(path)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
