package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/leftover"
)

// Prefix is a folder that holds unpacked packages and wrappers for their programs.
type Prefix struct {
	Dir   string // the unpacked tree
	Cache string // the private apt root, kept between runs
	Suite string
	// Finish changes the unpacked tree before it is put in place.
	Finish func(tree string) error
}

// Ensure makes the prefix hold the packages; with all in place it only reads one file. say gets progress lines.
func (p Prefix) Ensure(ctx context.Context, packages []string, say func(string)) error {
	stamp := p.stamp(packages)
	if have, err := os.ReadFile(filepath.Join(p.Dir, ".stamp")); err == nil && string(have) == stamp {
		return nil
	}
	root := apt{dir: p.Cache, suite: p.Suite}
	if err := root.open(ctx); err != nil {
		return err
	}
	debs, err := p.download(ctx, root, packages, say)
	if err != nil {
		return err
	}
	say(fmt.Sprintf("unpacking %d packages", len(debs)))
	return p.replace(ctx, root, debs, stamp)
}

// stamp says what a finished prefix was made for; its wrappers hold the folder's name, so it counts too.
func (p Prefix) stamp(packages []string) string {
	return strings.Join(append([]string{"layout 3", p.Dir, p.Suite}, packages...), "\n")
}

// download gets the packages, once more with new lists when the mirror has dropped a version since the last ones.
func (p Prefix) download(ctx context.Context, root apt, packages []string, say func(string)) ([]deb, error) {
	var failure error
	for _, force := range []bool{false, true} {
		say("reading Debian's package lists")
		if failure = root.update(ctx, force); failure != nil {
			continue
		}
		debs, err := root.closure(ctx, packages)
		if err == nil {
			say(fmt.Sprintf("fetching %d packages (%d MB)", len(debs), megabytes(debs)))
			err = root.fetch(ctx, debs)
		}
		if err == nil {
			return debs, nil
		}
		failure = err
	}
	return nil, failure
}

func megabytes(debs []deb) int64 {
	var sum int64
	for _, d := range debs {
		sum += d.size
	}
	return sum >> 20
}

// replace unpacks beside the prefix and then takes its place, so that a cut run never leaves half a tree there.
func (p Prefix) replace(ctx context.Context, root apt, debs []deb, stamp string) error {
	if err := leftover.Remove(ctx, p.Dir+".next-*"); err != nil {
		return err
	}
	next, err := os.MkdirTemp(filepath.Dir(p.Dir), filepath.Base(p.Dir)+".next-*")
	if err != nil {
		return err
	}
	if err := os.Chmod(next, 0o755); err != nil {
		return err
	}
	for _, d := range debs {
		if err := unpack(ctx, filepath.Join(root.dir, "debs", d.file), next); err != nil {
			return err
		}
	}
	if p.Finish != nil {
		if err := p.Finish(next); err != nil {
			return err
		}
	}
	if err := errors.Join(wrapAll(next, p.Dir), relocateNode(next, p.Dir)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(next, ".stamp"), []byte(stamp), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(p.Dir); err != nil {
		return err
	}
	return os.Rename(next, p.Dir)
}

func unpack(ctx context.Context, file, tree string) error {
	cmd := exec.CommandContext(ctx, "dpkg", "-x", file, tree)
	daemon.Tether(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("unpacking %s: %w\n%s", filepath.Base(file), err, out)
	}
	return nil
}
