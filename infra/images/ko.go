package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/d-coder-ai/dcoder/infra/images/base"
	"github.com/d-coder-ai/dcoder/infra/images/loopback"
)

// deployables lists the programs that become images, as paths of their folders.
func deployables(only []string) ([]string, error) {
	mains, err := filepath.Glob("*/cmd/*/main.go")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range mains {
		dir := filepath.Dir(m)
		n := filepath.Base(dir)
		if slices.Contains([]string{"dev", "render"}, n) || len(only) > 0 && !slices.Contains(only, n) {
			continue
		}
		out = append(out, dir)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no deployable is called %s (run this at the repository's root)", strings.Join(only, " "))
	}
	return out, nil
}

// site is where ko builds, what images stand on, and where they go.
type site struct {
	local, base, repo string
	shrink            *shrink
	close             func()
}

// open starts the registry that ko builds into, makes the base where none is named,
// and lets images stay there where no other place is named.
func open(o options) (*site, error) {
	if o.base != "" && !strings.Contains(o.base, "@sha256:") {
		return nil, errors.New("the base is not named by digest, name@sha256:hash")
	}
	r, err := loopback.Start("127.0.0.1:0", o.out)
	if err != nil {
		return nil, err
	}
	s := &site{r.Address + "/ko", o.base, o.repo, newShrink(), r.Close}
	if s.repo == "" {
		s.repo = r.Address + "/dcoder"
	}
	if s.base != "" {
		return s, nil
	}
	if s.base, err = pushBase(s.local); err != nil {
		r.Close()
		return nil, err
	}
	return s, nil
}

// images builds the folders' programs and returns the images by digest, as they
// stand at their place.
func (s *site) images(ctx context.Context, o options, dir, sboms string, folders []string) ([]string, error) {
	built, err := ko(ctx, o, s, dir, sboms, folders)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, ref := range built {
		from, err := name.NewDigest(ref)
		if err != nil {
			return nil, err
		}
		to, err := name.NewRepository(s.repo + "/" + filepath.Base(from.RepositoryStr()))
		if err != nil {
			return nil, fmt.Errorf("name the place of an image: %w", err)
		}
		moved, err := s.shrink.move(from, to)
		if err != nil {
			return nil, err
		}
		out = append(out, moved)
	}
	return out, s.rewrite(sboms)
}

// rewrite gives the SBOMs in a folder the images' digests.
func (s *site) rewrite(sboms string) error {
	files, err := filepath.Glob(filepath.Join(sboms, "*.spdx.json"))
	if err != nil || sboms == "" {
		return err
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f, s.shrink.renamed(raw), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func pushBase(repo string) (string, error) {
	tag, err := name.NewTag(repo + "/base:latest")
	if err != nil {
		return "", fmt.Errorf("name the base: %w", err)
	}
	index, err := base.Index()
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	if err := remote.WriteIndex(tag, index, remote.WithAuthFromKeychain(keychain)); err != nil {
		return "", fmt.Errorf("push the base to %s: %w", repo, err)
	}
	return tag.Context().Digest(digest.String()).String(), nil
}

// ko builds the folders' programs into the local registry, and returns them. dir
// is the repository's root.
func ko(ctx context.Context, o options, s *site, dir, sboms string, folders []string) ([]string, error) {
	args := []string{"build", "--base-import-paths", "--platform=linux/amd64,linux/arm64", "--sbom=spdx"}
	if sboms != "" {
		if err := os.MkdirAll(sboms, 0o755); err != nil {
			return nil, err
		}
		args = append(args, "--sbom-dir="+sboms)
	}
	for _, f := range folders {
		args = append(args, "./"+f)
	}
	config, err := filepath.Abs("infra/images")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, o.ko, args...)
	var said, told bytes.Buffer // references; and what matters only when it fails
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &told
	cmd.Env = append(os.Environ(), "KO_DOCKER_REPO="+s.local, "KO_DEFAULTBASEIMAGE="+s.base, "KO_CONFIG_PATH="+config,
		"SOURCE_DATE_EPOCH=0", "KO_DATA_DATE_EPOCH=0", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ko: %w\n%s", err, &told)
	}
	out := strings.Fields(said.String())
	slices.Sort(out)
	return out, nil
}
