package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

// nats is a NATS server with JetStream.
type nats struct{}

func (nats) Name() string    { return "nats" }
func (nats) Doors() []string { return []string{"nats"} }

func (nats) Install(ctx context.Context, site *Site) error {
	_, err := site.tool(ctx, "nats", pin.NATS)
	return err
}

func (nats) Command(_ context.Context, site *Site) (daemon.Command, error) {
	home := site.path("nats")
	if err := os.MkdirAll(site.path("nats", "data"), 0o700); err != nil {
		return daemon.Command{}, err
	}
	conf := fmt.Sprintf("listen: %q\njetstream { store_dir: %q, max_memory_store: 256MB, max_file_store: 8GB }\nmax_payload: 1MB\n",
		site.address("nats"), site.path("nats", "data"))
	file := site.path("nats", "nats.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return daemon.Command{}, err
	}
	return daemon.Command{Path: site.path("bin", pin.NATS.Name), Args: []string{"-c", file}, Env: plainEnv(home), Dir: home}, nil
}

func (nats) Healthy(ctx context.Context, site *Site) error {
	info, err := greet(ctx, site.address("nats"), "", "INFO ")
	if err == nil && !strings.Contains(info, `"jetstream":true`) {
		err = errors.New("it has no JetStream yet")
	}
	return err
}

func (nats) Settle(context.Context, *Site) error { return nil }

func (nats) Env(site *Site) []envfile.Pair {
	return []envfile.Pair{{Key: "DCODER_NATS_URL", Value: "nats://" + site.address("nats")}}
}
