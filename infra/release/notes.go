package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

const module = "github.com/d-coder-ai/dcoder/"

// notes lists the commits between two references that touch what a function is made
// of, by Conventional Commits' kinds: its change set.
func notes(ctx context.Context, w io.Writer, function, from, to string) error {
	dirs, err := madeOf(ctx, function)
	if err != nil {
		return err
	}
	args := append([]string{"log", "--no-merges", "--format=%h %s", from + ".." + to, "--"}, dirs...)
	raw, err := output(ctx, nil, "git", append(args, "go.mod")...)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w, "# %s, %s to %s\n", function, from, to)
	writeNotes(w, strings.Split(strings.TrimSpace(string(raw)), "\n"))
	return nil
}

// kinds are those that a reader of notes looks for, in their order.
var kinds = []struct{ prefix, title string }{
	{"feat", "New"}, {"fix", "Mended"}, {"perf", "Faster"}, {"", "Other"},
}

func writeNotes(w io.Writer, commits []string) {
	groups := map[string][]string{}
	for _, c := range commits {
		if c == "" {
			continue
		}
		hash, subject, _ := strings.Cut(c, " ")
		kind, _, _ := strings.Cut(subject, ":")
		kind, _, _ = strings.Cut(kind, "(")
		kind = strings.TrimSuffix(kind, "!")
		if kind != "feat" && kind != "fix" && kind != "perf" {
			kind = ""
		}
		groups[kind] = append(groups[kind], "- "+subject+" ("+hash+")")
	}
	for _, k := range kinds {
		if len(groups[k.prefix]) > 0 {
			_, _ = fmt.Fprintf(w, "\n## %s\n\n%s\n", k.title, strings.Join(groups[k.prefix], "\n"))
		}
	}
	if len(groups) == 0 {
		_, _ = fmt.Fprintln(w, "\nNothing that it is made of has changed.")
	}
}

// madeOf lists the folders that a function links, without those below them.
func madeOf(ctx context.Context, function string) ([]string, error) {
	mains, err := filepath.Glob("*/cmd/" + function + "/main.go")
	if err != nil || len(mains) != 1 {
		return nil, fmt.Errorf("no deployable is called %q (run this at the repository's root)", function)
	}
	raw, err := output(ctx, nil, "go", "list", "-deps", "./"+filepath.Dir(mains[0]))
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, p := range strings.Fields(string(raw)) {
		if dir, ok := strings.CutPrefix(p, module); ok {
			dirs = append(dirs, ":(glob)"+dir+"/*", ":(exclude,glob)"+dir+"/*_test.go")
		}
	}
	return dirs, nil
}
