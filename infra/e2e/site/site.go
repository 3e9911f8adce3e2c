// Package site puts the platform on a cluster for a test: the rendered manifests with images built from this source,
// the local stack's servers behind a relay, a provider that is simulated in this process, and one tenant. It uses
// databases, a Redis database, streams and a task queue of its own, beside what the stack holds.
package site

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/operate"
	"github.com/d-coder-ai/dcoder/infra/e2e/kube"
	"github.com/d-coder-ai/dcoder/infra/e2e/relay"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/auth"
)

const (
	// Namespace is where the rendered manifests put everything.
	Namespace  = "dcoder"
	controlDB  = "/dcoder_e2e"
	redisDB    = "/8"
	natsPrefix = "dcodere2e"
	taskQueue  = "dcoder-e2e"
)

// Site is what Open returns. Close it.
type Site struct {
	Cluster   kube.Cluster
	Simulator *llmsim.Server
	Tenant    string
	Key       string // of the tenant's first administrator

	options Options
	inside  map[string]string // variables as pods get them
	relay   *relay.Relay
	server  *http.Server
	owner   string
}

// Options says where things are.
type Options struct {
	Repository string               // folder of go.mod
	Host       string               // address of this machine that pods reach
	Gateway    string               // host:port of the cluster's private ingress
	Models     []string             // that the simulated provider serves
	Say        func(string, ...any) // progress
}

// Open puts everything in place and waits until every function is Ready.
func Open(ctx context.Context, o Options) (s *Site, err error) {
	s = &Site{Cluster: kube.Cluster{Namespace: Namespace}, Simulator: llmsim.New(llmsim.Config{}), options: o}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"relaying the stack to " + o.Host, s.relays},
		{"migrating " + controlDB[1:], s.migrate},
		{"building images and applying manifests", s.deploy},
		{"waiting for every function", s.AllReady},
		{"making a tenant", s.onboard},
	} {
		o.Say("%s", step.name)
		if err := step.do(ctx); err != nil {
			return s, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return s, nil
}

// Close ends what runs in this process. What is on the cluster stays, for a look; a later Open replaces it.
func (s *Site) Close() {
	if s.relay != nil {
		s.relay.Close()
	}
	if s.server != nil {
		_ = s.server.Close()
	}
}

func (s *Site) relays(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.server = &http.Server{Handler: s.Simulator.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	stack := map[string]string{}
	for _, d := range doors {
		if stack[d.variable] = os.Getenv(d.variable); stack[d.variable] == "" {
			return fmt.Errorf("%s is not set: run this with the local stack's variables (make e2e)", d.variable)
		}
	}
	table, err := routes(s.options.Host, stack, l.Addr().String())
	if err != nil {
		return err
	}
	if s.relay, err = relay.Start(ctx, table); err != nil {
		return err
	}
	return s.variables()
}

// variables are the stack's as pods know them, with the names of this test's own databases. This machine reaches them
// by the same addresses: what the control database says of its cluster must hold for both.
func (s *Site) variables() (err error) {
	s.inside = map[string]string{}
	for _, v := range []struct{ name, port, path string }{
		{"DCODER_CONTROL_DSN", "5432", controlDB},
		{"DCODER_CREATOR_DSN", "5432", ""},
		{"DCODER_REDIS_URL", "6379", redisDB},
		{"DCODER_NATS_URL", "4222", ""},
		{"DCODER_TEMPORAL_ADDRESS", "7233", ""},
	} {
		if s.inside[v.name], err = moved(os.Getenv(v.name), s.options.Host, v.port, v.path); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	for _, name := range []string{"DCODER_KEK", "DCODER_PEPPERS", "DCODER_EVENT_SECRETS"} {
		s.inside[name] = os.Getenv(name)
	}
	return nil
}

// migrate makes the control database, and the owner's key.
func (s *Site) migrate(ctx context.Context) error {
	p, err := operate.Open(s.inside["DCODER_CONTROL_DSN"], s.inside["DCODER_CREATOR_DSN"], s.inside["DCODER_KEK"])
	if err != nil {
		return err
	}
	defer p.Databases.Close()
	if _, _, err := p.Migrate(ctx); err != nil {
		return err
	}
	peppers, err := auth.ParsePeppers(s.inside["DCODER_PEPPERS"])
	if err != nil {
		return err
	}
	s.owner, err = p.Bootstrap(ctx, peppers, true)
	return err
}

// scratch is where the overlay of this test stands: kustomize wants relative paths.
func (s *Site) scratch() string { return filepath.Join(s.options.Repository, ".local", "e2e") }
