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

// site is where images go and what they stand on.
type site struct {
	repo, base string
	close      func()
}

// open names the registry and the base, and makes both where there are none.
func open(o options) (*site, error) {
	s := &site{o.repo, o.base, func() {}}
	if s.repo == "" {
		r, err := loopback.Start("127.0.0.1:0", o.out)
		if err != nil {
			return nil, err
		}
		s.repo, s.close = r.Address+"/dcoder", r.Close
	}
	if s.base == "" {
		ref, err := pushBase(s.repo)
		if err != nil {
			s.close()
			return nil, err
		}
		s.base = ref
	}
	if !strings.Contains(s.base, "@sha256:") {
		s.close()
		return nil, errors.New("the base is not named by digest: ...@sha256:...")
	}
	return s, nil
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

// ko builds and pushes the folders' programs, and returns the images by digest. dir
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
	cmd := exec.CommandContext(ctx, o.ko, args...)
	var said, told bytes.Buffer // references; and what matters only when it fails
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &told
	cmd.Env = append(os.Environ(), "KO_DOCKER_REPO="+s.repo, "KO_DEFAULTBASEIMAGE="+s.base, "KO_CONFIG_PATH=infra/images",
		"SOURCE_DATE_EPOCH=0", "KO_DATA_DATE_EPOCH=0", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ko: %w\n%s", err, &told)
	}
	out := strings.Fields(said.String())
	slices.Sort(out)
	return out, nil
}
