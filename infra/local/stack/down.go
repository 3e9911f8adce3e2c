package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/infra/local/secrets"
)

// Down stops the named services, or all; what does not run is no error.
func (s *Site) Down(ctx context.Context, names ...string) error {
	services, err := choose(names)
	if err != nil {
		return err
	}
	if s.Secrets, err = secrets.Load(s.path("secrets.json")); err != nil {
		return err
	}
	if Docker() {
		return s.compose(ctx, append([]string{"stop"}, names...)...)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var group errgroup.Group
	for _, service := range services {
		group.Go(func() error { return s.stop(ctx, service) })
	}
	return group.Wait()
}

func (s *Site) stop(ctx context.Context, service Service) error {
	d := s.daemon(service)
	running := d.PID() != 0
	if err := d.Halt(ctx); err != nil {
		return err
	}
	if running {
		s.Say(service.Name(), "stopped")
	}
	return nil
}

// kept are the parts of a site that a reset leaves: downloads and builds, which hold no state.
var kept = map[string]bool{"apt": true, "debian": true, "bin": true, "lock": true, "trash": true}

// Reset stops everything and removes all data, secrets and logs; downloads and builds stay.
func (s *Site) Reset(ctx context.Context) error {
	end := func() error { return s.Down(ctx) }
	if Docker() {
		end = func() error { return s.compose(ctx, "down", "--volumes") }
	}
	if err := end(); err != nil {
		return err
	}
	if err := discard(s.Dir); err != nil || s.base == s.Dir {
		return err
	}
	return discard(s.base)
}

// Purge resets and then removes the downloads and builds too: the site is as if it had never been.
func (s *Site) Purge(ctx context.Context) error {
	if err := s.Reset(ctx); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(s.base), os.RemoveAll(s.Dir))
}

// discard moves everything that is not kept out of the way before it deletes, so that a cut reset never leaves half
// a database where the next up would find it.
func discard(base string) error {
	trash := filepath.Join(base, "trash", strconv.FormatInt(time.Now().UnixNano(), 36))
	if err := os.MkdirAll(trash, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(base)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if kept[entry.Name()] {
			continue
		}
		if err := os.Rename(filepath.Join(base, entry.Name()), filepath.Join(trash, entry.Name())); err != nil {
			return fmt.Errorf("removing %s: %w", entry.Name(), err)
		}
	}
	return os.RemoveAll(filepath.Join(base, "trash"))
}

// lastLog is the end of a service's log.
func (s *Site) lastLog(service Service, lines int) string {
	text, err := os.ReadFile(s.daemon(service).Log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
