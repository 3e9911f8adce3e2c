package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// changed names the files that differ from where this branch left main (or from base), and those git does not know
// yet, relative to the repository's root.
func changed(ctx context.Context, base string) ([]string, error) {
	if base == "" {
		base = fork(ctx)
	}
	differ, err := git(ctx, "diff", "--name-only", "--no-renames", base, "--")
	if err != nil {
		return nil, err
	}
	unknown, err := git(ctx, "ls-files", "--others", "--exclude-standard", "--full-name", ":/")
	if err != nil {
		return nil, err
	}
	files := append(strings.Split(differ, "\n"), strings.Split(unknown, "\n")...)
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(name string) bool { return name == "" }), nil
}

// fork is the commit where this branch left main; on main itself, and without a main, it is HEAD.
func fork(ctx context.Context) string {
	for _, main := range []string{"origin/main", "main"} {
		if at, err := git(ctx, "merge-base", main, "HEAD"); err == nil {
			return strings.TrimSpace(at)
		}
	}
	return "HEAD"
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(failed.Stderr)))
	}
	return string(out), err
}
