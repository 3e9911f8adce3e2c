package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/local/compose"
	"github.com/d-coder-ai/dcoder/infra/local/gotool"
	"github.com/d-coder-ai/dcoder/infra/local/nodepkg"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
	"github.com/d-coder-ai/dcoder/infra/local/stack"
)

var errUsage = errors.New("usage: local up|down [SERVICE...] | status | logs [SERVICE] | reset | purge | env | exec PROGRAM [ARG...] | packages DIR | compose | tool NAME")

func command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	site, err := open()
	if err != nil {
		return err
	}
	switch verb, rest := args[0], args[1:]; verb {
	case "up":
		return locked(ctx, site, func() error { return up(ctx, site, rest) })
	case "down":
		return locked(ctx, site, func() error { return site.Down(ctx, rest...) })
	case "reset":
		return locked(ctx, site, func() error { return sure(site, "data, secrets and logs", func() error { return site.Reset(ctx) }) })
	case "purge":
		return locked(ctx, site, func() error { return sure(site, "data, downloads and builds", func() error { return site.Purge(ctx) }) })
	case "status":
		return status(ctx, site)
	case "logs":
		return logs(ctx, site, rest)
	case "env":
		return env(site)
	case "exec":
		return become(site, rest)
	case "packages":
		return packages(ctx, rest)
	case "compose":
		return renderCompose(site)
	case "tool":
		return locked(ctx, site, func() error { return tool(ctx, site, rest) })
	default:
		return fmt.Errorf("no verb %q; %w", verb, errUsage)
	}
}

// open finds the repository and the stack's folder: .local in it, or DCODER_LOCAL.
func open() (*stack.Site, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	dir := os.Getenv("DCODER_LOCAL")
	if dir == "" {
		dir = filepath.Join(root, ".local")
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	return stack.Open(root, dir)
}

func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run this inside the repository: no go.mod here or above")
		}
	}
}

func locked(ctx context.Context, site *stack.Site, work func() error) error {
	unlock, err := site.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return work()
}

func up(ctx context.Context, site *stack.Site, names []string) error {
	if err := site.Up(ctx, names...); err != nil {
		return err
	}
	fmt.Println("the stack is up; its addresses are in", site.EnvFile())
	return nil
}

func status(ctx context.Context, site *stack.Site) error {
	healthy, err := site.Status(ctx, os.Stdout)
	if err == nil && !healthy {
		err = errors.New("not all services are healthy: make up")
	}
	return err
}

// sure asks before work deletes what it names, unless FORCE=1.
func sure(site *stack.Site, what string, work func() error) error {
	if os.Getenv("FORCE") != "1" {
		fmt.Printf("Stop the stack and delete all its %s in %s? [yes/no] ", what, site.Dir)
		answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		if strings.TrimSpace(answer) != "yes" {
			return errors.New("nothing was changed")
		}
	}
	return work()
}

// logs follows one service's log, or shows the end of all.
func logs(ctx context.Context, site *stack.Site, names []string) error {
	pattern, args := "*.log", []string{"-n", "20"}
	if len(names) > 0 {
		pattern, args = filepath.Base(names[0])+".log", []string{"-n", "100", "-F"}
	}
	files, err := filepath.Glob(filepath.Join(site.Dir, "log", pattern))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no log %s in %s", pattern, filepath.Join(site.Dir, "log"))
	}
	tail := exec.CommandContext(ctx, "tail", append(args, files...)...)
	tail.Stdout, tail.Stderr = os.Stdout, os.Stderr
	if err := tail.Run(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

func env(site *stack.Site) error {
	text, err := os.ReadFile(site.EnvFile())
	if err != nil {
		return errors.New("the stack has never been up: make up")
	}
	_, err = os.Stdout.Write(text)
	return err
}

// packages installs what DIR/package-lock.json names.
func packages(ctx context.Context, dirs []string) error {
	if len(dirs) != 1 {
		return errUsage
	}
	return nodepkg.Ensure(ctx, dirs[0])
}

// renderCompose writes infra/compose.yaml from the table of versions.
func renderCompose(site *stack.Site) error {
	text, err := compose.Render()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(site.Root, "infra", "compose.yaml"), []byte(text), 0o644)
}

// tool installs one of the pinned programs and prints its path.
func tool(ctx context.Context, site *stack.Site, names []string) error {
	if len(names) != 1 {
		return errUsage
	}
	for _, known := range pin.Tools {
		if known.Name != names[0] {
			continue
		}
		path, err := gotool.Ensure(ctx, filepath.Join(site.Dir, "bin"), known, func(line string) { fmt.Fprintln(os.Stderr, line) })
		if err == nil {
			fmt.Println(path)
		}
		return err
	}
	return fmt.Errorf("no tool %q in the table of versions", names[0])
}
