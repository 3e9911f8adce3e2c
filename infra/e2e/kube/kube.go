// Package kube speaks to a cluster through kubectl, with the KUBECONFIG of the environment. It knows nothing of what
// runs there.
package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Cluster is one namespace of a cluster.
type Cluster struct{ Namespace string }

// Run runs kubectl and returns what it printed.
func (c Cluster) Run(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return run(ctx, stdin, nil, "kubectl", append([]string{"-n", c.Namespace}, args...)...)
}

// Apply creates or changes what the manifests name.
func (c Cluster) Apply(ctx context.Context, manifests []byte) error {
	_, err := c.Run(ctx, manifests, "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// Get decodes the answer of kubectl get into out.
func (c Cluster) Get(ctx context.Context, out any, args ...string) error {
	raw, err := c.Run(ctx, nil, append(append([]string{"get"}, args...), "-o", "json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("kubectl get %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// Until asks every pause until it is so; an error beside a no says what stands in the way, and is part of the failure
// when the time is over.
func Until(ctx context.Context, what string, patience, pause time.Duration, so func(context.Context) (bool, error)) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		ok, err := so(ctx)
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %v (last: %w)", what, patience, err)
		}
	}
}

// Resolve builds the images that the manifests name (ko://) and returns the manifests with their digests.
func Resolve(ctx context.Context, manifests []byte) ([]byte, error) {
	return run(ctx, manifests, []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath -buildvcs=false"}, "ko", "resolve", "--sbom=none", "-B", "-f", "-")
}

// Kustomize renders a folder.
func Kustomize(ctx context.Context, dir string) ([]byte, error) {
	return run(ctx, nil, nil, "kubectl", "kustomize", "--load-restrictor", "LoadRestrictionsNone", dir)
}

func run(ctx context.Context, stdin []byte, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &complaint
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}
