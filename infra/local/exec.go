package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/stack"
)

// become turns this process into the program, with the stack's variables in its environment, so that signals and the
// exit code are the program's own.
func become(site *stack.Site, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	pairs, err := envfile.ReadFile(site.EnvFile())
	if err != nil {
		return fmt.Errorf("the stack has never been up (make up): %w", err)
	}
	bin := filepath.Join(site.Dir, "bin")
	environ := merge(os.Environ(), pairs, bin)
	if err := os.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+bin); err != nil {
		return err
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, args, environ)
}

// merge adds the pairs to an environment whose own variables win, and the stack's programs (node, where the host has
// none) after those of the host.
func merge(environ []string, pairs []envfile.Pair, bin string) []string {
	set := map[string]bool{}
	merged := make([]string, 0, len(environ)+len(pairs))
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		set[name] = true
		if name == "PATH" {
			variable += string(os.PathListSeparator) + bin
		}
		merged = append(merged, variable)
	}
	for _, pair := range pairs {
		if !set[pair.Key] {
			merged = append(merged, pair.Key+"="+pair.Value)
		}
	}
	return merged
}
