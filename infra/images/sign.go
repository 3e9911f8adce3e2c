package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sign signs the images of the last build by digest, with the key that COSIGN_KEY
// names (a file, or a KMS address as cosign reads it). Without a key it says loudly
// that nothing was signed, and succeeds: most builds are nobody's release.
func sign(ctx context.Context, o options) error {
	key := os.Getenv("COSIGN_KEY")
	if key == "" {
		fmt.Println("\n*** SKIPPED: the images were NOT signed: set COSIGN_KEY to a key file or a KMS address ***")
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(o.out, "references.txt"))
	if err != nil {
		return fmt.Errorf("read what was built (make images REPO=...): %w", err)
	}
	refs := strings.Fields(string(raw))
	if len(refs) == 0 {
		return errors.New("the last build made no images")
	}
	if strings.HasPrefix(refs[0], "127.0.0.1:") {
		return errors.New("the last build went to a registry on loopback, which is gone; give make images a REPO")
	}
	cosign, err := exec.LookPath("cosign")
	if err != nil {
		return fmt.Errorf("COSIGN_KEY is set, and there is no cosign: %w", err)
	}
	cmd := exec.CommandContext(ctx, cosign, append([]string{"sign", "--yes", "--recursive", "--key", key}, refs...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sign %d images: %w", len(refs), err)
	}
	return nil
}
