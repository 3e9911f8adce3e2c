package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// deploy resolves the overlay's images and applies it.
func deploy(ctx context.Context, o options) error {
	if os.Getenv("KO_DOCKER_REPO") == "" {
		return errors.New("KO_DOCKER_REPO is not set: name a registry and folder that the cluster can pull from (make deploy REPO=...)")
	}
	manifests, err := output(ctx, nil, nil, "kubectl", "kustomize", "knative/overlays/"+o.overlay)
	if err != nil {
		return err
	}
	resolved, err := output(ctx, manifests, []string{"KO_CONFIG_PATH=infra/images", "SOURCE_DATE_EPOCH=0", "KO_DATA_DATE_EPOCH=0", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false"},
		o.ko, "resolve", "--base-import-paths", "--platform=linux/amd64,linux/arm64", "--sbom=spdx", "-f", "-")
	if err != nil {
		return err
	}
	said, err := output(ctx, resolved, nil, "kubectl", "apply", "-f", "-")
	_, _ = os.Stdout.Write(said)
	return err
}

// cluster is where kubectl points, in one namespace.
type cluster struct{ namespace string }

func (c cluster) get(ctx context.Context, function string) (*service, error) {
	raw, err := output(ctx, nil, nil, "kubectl", "-n", c.namespace, "get", "services.serving.knative.dev", function, "-o", "json")
	if err != nil {
		return nil, err
	}
	s := &service{}
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("decode the service %s: %w", function, err)
	}
	return s, nil
}

// move decides the traffic anew and sets it. The rendered manifests say nothing of
// traffic, so an apply leaves it as it was set.
func (c cluster) move(ctx context.Context, function string, decide func(*service) ([]target, error)) error {
	s, err := c.get(ctx, function)
	if err != nil {
		return err
	}
	traffic, err := decide(s)
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"traffic": traffic}})
	if err != nil {
		return err
	}
	if _, err := output(ctx, nil, nil, "kubectl", "-n", c.namespace, "patch", "services.serving.knative.dev", function, "--type=merge", "-p", string(patch)); err != nil {
		return err
	}
	show(os.Stdout, function, traffic)
	return nil
}

func (c cluster) status(ctx context.Context, function string) error {
	s, err := c.get(ctx, function)
	if err != nil {
		return err
	}
	show(os.Stdout, function, s.Status.Traffic)
	fmt.Println("newest", s.Status.LatestCreated, "newest ready", s.Status.LatestReady)
	return nil
}

func show(w io.Writer, function string, traffic []target) {
	for _, t := range traffic {
		name := t.Revision
		if name == "" {
			name = "the newest"
		}
		_, _ = fmt.Fprintf(w, "%-12s %3d %% %s %s\n", function, t.Percent, name, t.Tag)
	}
}

func output(ctx context.Context, in []byte, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var told bytes.Buffer
	cmd.Stdin, cmd.Stderr, cmd.Env = bytes.NewReader(in), &told, append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s %s: %w: %s", name, args[0], err, &told)
	}
	return out, nil
}
