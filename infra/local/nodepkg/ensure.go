package nodepkg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// errNoRegistry is met only where there is no npm to ask.
var errNoRegistry = errors.New("npm is not installed: install it, or set npm_config_registry to the address of an npm registry")

// Ensure makes dir/node_modules hold what dir/package-lock.json names. With all in place it reads two files.
func Ensure(ctx context.Context, dir string) error {
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(lock)
	stamp, want := filepath.Join(dir, "node_modules", ".dcoder"), hex.EncodeToString(sum[:])
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return nil
	}
	if err := install(ctx, dir); err != nil {
		return fmt.Errorf("installing the packages of %s: %w", dir, err)
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
}

func install(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if npm, err := exec.LookPath("npm"); err == nil {
		cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("npm ci: %w\n%s", err, out)
		}
		return nil
	}
	registry := os.Getenv("npm_config_registry")
	if registry == "" {
		return errNoRegistry
	}
	return fetchAll(ctx, http.DefaultClient, registry, dir)
}

// fetchAll unpacks every package beside node_modules and then takes its place.
func fetchAll(ctx context.Context, client *http.Client, registry, dir string) error {
	packages, err := readLock(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	next, err := os.MkdirTemp(dir, "node_modules.next-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(next) }()
	for _, p := range packages {
		if err := fetch(ctx, client, registry, p, filepath.Join(next, filepath.FromSlash(p.folder))); err != nil {
			return fmt.Errorf("%s: %w", p.name(), err)
		}
	}
	modules := filepath.Join(dir, "node_modules")
	if err := os.RemoveAll(modules); err != nil {
		return err
	}
	return os.Rename(filepath.Join(next, "node_modules"), modules)
}
