package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"

	"github.com/d-coder-ai/dcoder/infra/local/debian"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

// oneDebian lets Postgres and Redis, which start side by side, share one installation.
var oneDebian sync.Mutex

func (s *Site) debian(ctx context.Context) error {
	oneDebian.Lock()
	defer oneDebian.Unlock()
	packages := slices.Clone(pin.DebianPackages)
	_, err := exec.LookPath("node")
	missing := err != nil
	if missing {
		packages = append(packages, pin.NodePackage)
	}
	prefix := debian.Prefix{Dir: s.path("debian"), Cache: s.path("apt"), Suite: pin.DebianSuite, Finish: trustVector}
	if err := prefix.Ensure(ctx, packages, func(line string) { s.Say("debian", line) }); err != nil {
		return err
	}
	if missing {
		return s.linkNode()
	}
	return nil
}

// linkNode puts node among the programs that `local exec` adds to the PATH.
func (s *Site) linkNode() error {
	link := s.path("bin", "node")
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(s.path("debian", "usr/bin/node"), link)
}

// trustVector lets a database's owner create the extension vector, as managed Postgres services do: tenant
// databases are made by a role that is no superuser.
func trustVector(tree string) error {
	file, err := os.OpenFile(filepath.Join(tree, "usr/share/postgresql/17/extension/vector.control"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("marking pgvector as trusted: %w", err)
	}
	_, err = file.WriteString("\ntrusted = true\n")
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
