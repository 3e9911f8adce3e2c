package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// verify builds a deployable twice here, and once from a clone in another folder:
// of the last commit, so uncommitted changes of what it builds show as a difference.
func verify(ctx context.Context, o options, names []string) error {
	if len(names) == 0 {
		names = []string{"chat"}
	}
	folders, err := deployables(names[:1])
	if err != nil {
		return err
	}
	elsewhere, err := os.MkdirTemp("", "elsewhere")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(elsewhere) }()
	clone := filepath.Join(elsewhere, "another", "name")
	if out, err := exec.CommandContext(ctx, "git", "clone", "-q", ".", clone).CombinedOutput(); err != nil {
		return fmt.Errorf("clone the repository: %w: %s", err, out)
	}
	digests := map[string]string{}
	for _, at := range []struct{ what, dir string }{{"here", "."}, {"here again", "."}, {"in another folder", clone}} {
		digest, err := digestOf(ctx, o, at.dir, folders)
		if err != nil {
			return err
		}
		digests[at.what] = digest
		fmt.Printf("%-18s %s\n", at.what, digests[at.what])
	}
	if digests["here"] != digests["here again"] {
		return fmt.Errorf("%s: two builds differ", names[0])
	}
	if digests["here"] != digests["in another folder"] {
		return fmt.Errorf("%s: the last commit in another folder differs; are there uncommitted changes?", names[0])
	}
	return nil
}

// digestOf builds one program with everything new: registry, base and layers.
func digestOf(ctx context.Context, o options, dir string, folders []string) (string, error) {
	s, err := open(o)
	if err != nil {
		return "", err
	}
	defer s.close()
	refs, err := s.images(ctx, o, dir, "", folders)
	if err != nil {
		return "", err
	}
	_, digest, _ := strings.Cut(refs[0], "@")
	return digest, nil
}
