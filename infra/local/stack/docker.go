package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/d-coder-ai/dcoder/infra/local/compose"
	"github.com/d-coder-ai/dcoder/infra/local/envfile"
)

// Docker reports whether Docker runs the servers (DCODER_STACK=docker) rather than we.
func Docker() bool { return os.Getenv("DCODER_STACK") == "docker" }

// compose runs docker compose on the rendered file with this site's ports and secrets.
func (s *Site) compose(ctx context.Context, args ...string) error {
	variables := s.path("compose.env")
	pairs := compose.Variables(s.Ports, s.Secrets.PostgresSuper, s.Secrets.S3Access, s.Secrets.S3Secret)
	if err := envfile.WriteFile(variables, pairs); err != nil {
		return err
	}
	file := filepath.Join(s.Root, "infra", "compose.yaml")
	cmd := exec.CommandContext(ctx, "docker", append([]string{"compose", "--env-file", variables, "-f", file}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker compose %s: %w", args[0], err)
	}
	return nil
}

// upDocker lets Docker start the servers and then prepares them as if they were ours. Ports are chosen once and
// kept, because what listens on them later is Docker.
func (s *Site) upDocker(ctx context.Context, services []Service) error {
	var fresh []string
	for _, service := range services {
		for _, door := range service.Doors() {
			if s.Ports[door] == 0 {
				fresh = append(fresh, door)
			}
		}
	}
	if err := s.choosePorts(fresh); err != nil {
		return err
	}
	args := []string{"up", "--detach", "--wait"}
	for _, service := range services {
		args = append(args, service.Name())
	}
	return s.compose(ctx, args...)
}
