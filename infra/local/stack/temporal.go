package stack

import (
	"context"
	"os"
	"os/exec"
	"strconv"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

// temporal is Temporal's development server with its UI, its state in a file.
type temporal struct{}

func (temporal) Name() string    { return "temporal" }
func (temporal) Doors() []string { return []string{"temporal", "temporal-ui"} }

// Install takes an installed temporal where there is one, because building it takes minutes.
func (temporal) Install(ctx context.Context, site *Site) error {
	if _, err := exec.LookPath("temporal"); err == nil {
		return nil
	}
	_, err := site.tool(ctx, "temporal", pin.Temporal)
	return err
}

func (temporal) Command(_ context.Context, site *Site) (daemon.Command, error) {
	home := site.path("temporal")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return daemon.Command{}, err
	}
	program, err := exec.LookPath("temporal")
	if err != nil {
		program = site.path("bin", pin.Temporal.Name)
	}
	args := []string{
		"server", "start-dev", "--ip", "127.0.0.1", "--headless=false", "--log-level", "warn",
		"--port", strconv.Itoa(site.Ports["temporal"]), "--ui-port", strconv.Itoa(site.Ports["temporal-ui"]),
		"--db-filename", site.path("temporal", "temporal.db"),
	}
	return daemon.Command{Path: program, Args: args, Env: plainEnv(home), Dir: home}, nil
}

// Healthy asks the UI for the default namespace, which the UI asks the server for.
func (temporal) Healthy(ctx context.Context, site *Site) error {
	return get(ctx, "http://"+site.address("temporal-ui")+"/api/v1/namespaces/default")
}

func (temporal) Settle(context.Context, *Site) error { return nil }

func (temporal) Env(site *Site) []envfile.Pair {
	return []envfile.Pair{
		{Key: "DCODER_TEMPORAL_ADDRESS", Value: site.address("temporal")},
		{Key: "DCODER_TEMPORAL_UI", Value: "http://" + site.address("temporal-ui")},
	}
}
