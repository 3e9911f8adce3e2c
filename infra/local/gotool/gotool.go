// Package gotool builds the stack's and the checks' programs from pinned Go modules, once.
package gotool

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

// Ensure returns the path of the tool under bin, building it when it is absent or of another version.
// say gets a line before a build.
func Ensure(ctx context.Context, bin string, tool pin.GoTool, say func(string)) (string, error) {
	path := filepath.Join(bin, tool.Name)
	if built(path) == tool.Version {
		return path, nil
	}
	say(fmt.Sprintf("building %s %s", tool.Path, tool.Version))
	return path, build(ctx, bin, tool)
}

// build lets the go command write into a folder of its own, so that a build that is cut leaves nothing half.
func build(ctx context.Context, bin string, tool pin.GoTool) error {
	work, err := os.MkdirTemp(bin, ".build-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	cmd := exec.CommandContext(ctx, "go", "install", "-buildvcs=false", "-ldflags=-s -w", tool.Path+"@"+tool.Version)
	cmd.Dir, cmd.Env = work, append(os.Environ(), "GOBIN="+work, "GOFLAGS=")
	daemon.Tether(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", tool.Path, err, tail(string(out)))
	}
	return os.Rename(filepath.Join(work, tool.Name), filepath.Join(bin, tool.Name))
}

// built is the version that the program at path was built from, or "".
func built(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, dep := range info.Deps {
		if strings.HasPrefix(info.Path, dep.Path) {
			return dep.Version
		}
	}
	return ""
}

func tail(text string) string {
	const most = 2000
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}
