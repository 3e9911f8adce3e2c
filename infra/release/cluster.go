package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
)

// deploy puts the images of the last build into the overlay and applies it.
func deploy(ctx context.Context, o options) error {
	raw, err := os.ReadFile(o.references)
	if err != nil {
		return fmt.Errorf("read what was built (make images REPO=...): %w", err)
	}
	manifests, err := output(ctx, nil, "kubectl", "kustomize", "knative/overlays/"+o.overlay)
	if err != nil {
		return err
	}
	resolved, err := resolve(manifests, strings.Fields(string(raw)))
	if err != nil {
		return err
	}
	said, err := output(ctx, resolved, "kubectl", "apply", "-f", "-")
	_, _ = os.Stdout.Write(said)
	return err
}

var (
	image    = regexp.MustCompile(`ko://[A-Za-z0-9./_-]+`)
	loopback = regexp.MustCompile(`^(127\.0\.0\.1|localhost):`)
)

// resolve puts images by digest in the place of ko's names of programs, as ko
// resolve does; the images are those that infra/images has made smaller.
func resolve(manifests []byte, references []string) ([]byte, error) {
	built := map[string]string{}
	for _, ref := range references {
		if loopback.MatchString(ref) {
			return nil, fmt.Errorf("%s is in a registry on loopback, which is gone; give make images a REPO", ref)
		}
		repo, _, ok := strings.Cut(ref, "@sha256:")
		if !ok {
			return nil, fmt.Errorf("%q names no image by digest", ref)
		}
		built[path.Base(repo)] = ref
	}
	missing := ""
	out := image.ReplaceAllFunc(manifests, func(name []byte) []byte {
		ref := built[path.Base(string(name))]
		if ref == "" {
			missing = string(name)
		}
		return []byte(ref)
	})
	if missing != "" {
		return nil, fmt.Errorf("the last build made no image of %s", missing)
	}
	return out, nil
}

// cluster is where kubectl points, in one namespace.
type cluster struct{ namespace string }

func (c cluster) get(ctx context.Context, function string) (*service, error) {
	raw, err := output(ctx, nil, "kubectl", "-n", c.namespace, "get", "services.serving.knative.dev", function, "-o", "json")
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
	if _, err := output(ctx, nil, "kubectl", "-n", c.namespace, "patch", "services.serving.knative.dev", function, "--type=merge", "-p", string(patch)); err != nil {
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

func output(ctx context.Context, in []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var told bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &told
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s %s: %w: %s", name, args[0], err, &told)
	}
	return out, nil
}
