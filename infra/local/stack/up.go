package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/secrets"
)

// Up installs what is missing, starts what does not run, waits until all is healthy, and writes the env file.
// It may be repeated at any time and from any half-finished state.
func (s *Site) Up(ctx context.Context, names ...string) error {
	services, err := choose(names)
	if err != nil {
		return err
	}
	s.sweep()
	if s.Secrets, err = secrets.Load(s.path("secrets.json")); err != nil {
		return err
	}
	prepare := s.portsFor
	if Docker() {
		prepare = func(services []Service) error { return s.upDocker(ctx, services) }
	}
	if err := prepare(services); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, service := range services {
		group.Go(func() error {
			if err := s.start(ctx, service); err != nil {
				return fmt.Errorf("%s: %w", service.Name(), err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.writeEnv()
}

// choose finds services by name; no name means all.
func choose(names []string) ([]Service, error) {
	all := Services()
	var chosen []Service
	for _, name := range names {
		at := slices.IndexFunc(all, func(s Service) bool { return s.Name() == name })
		if at < 0 {
			return nil, fmt.Errorf("no service %q: there are postgres, redis, nats, temporal and s3", name)
		}
		chosen = append(chosen, all[at])
	}
	if len(names) == 0 {
		return all, nil
	}
	return chosen, nil
}

// sweep removes what builds and resets that were cut left behind.
func (s *Site) sweep() {
	left, _ := filepath.Glob(s.path("bin", ".build-*"))
	left = append(left, filepath.Join(s.Dir, "trash"), filepath.Join(s.base, "trash"))
	for _, folder := range left {
		_ = os.RemoveAll(folder)
	}
}

// portsFor keeps the ports of what runs and chooses those of what does not.
func (s *Site) portsFor(services []Service) error {
	var doors []string
	for _, service := range services {
		if s.daemon(service).PID() == 0 {
			doors = append(doors, service.Doors()...)
		}
	}
	return s.choosePorts(doors)
}

func (s *Site) start(ctx context.Context, service Service) error {
	d := s.daemon(service)
	if d.PID() == 0 && !Docker() {
		if err := s.launch(ctx, service); err != nil {
			return err
		}
	}
	if err := s.await(ctx, service); err != nil {
		return err
	}
	if err := service.Settle(ctx, s); err != nil {
		return err
	}
	s.Say(service.Name(), "ready on "+s.address(service.Doors()[0]))
	return nil
}

func (s *Site) launch(ctx context.Context, service Service) error {
	stop := s.tick(service.Name(), "still installing")
	err := service.Install(ctx, s)
	stop()
	if err != nil {
		return err
	}
	command, err := service.Command(ctx, s)
	if err != nil {
		return err
	}
	return s.daemon(service).Start(command)
}

// grace is how long a process may take to record itself; one that has no record after it has ended.
const grace = 5 * time.Second

// await polls until the service is healthy; it gives up when the process has ended, or after a minute.
func (s *Site) await(ctx context.Context, service Service) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	began := time.Now()
	for {
		runs := Docker() || s.daemon(service).PID() != 0
		err := s.probe(ctx, service)
		if err == nil && runs { // and not a stranger on our port
			return nil
		}
		if !runs && time.Since(began) > grace {
			return fmt.Errorf("it has ended; the last lines of %s:\n%s", s.daemon(service).Log, s.lastLog(service, 12))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not healthy: %w (see %s)", err, s.daemon(service).Log)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func (s *Site) probe(ctx context.Context, service Service) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return service.Healthy(ctx, s)
}

// tick says every ten seconds that a long step goes on, until the returned function is called.
func (s *Site) tick(service, line string) (stop func()) {
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Second):
				s.Say(service, line)
			}
		}
	})
	return func() { close(done); ended.Wait() }
}

func (s *Site) writeEnv() error {
	pairs, err := s.Env()
	if err != nil {
		return err
	}
	return envfile.WriteFile(s.EnvFile(), pairs)
}

// Env is what the env file says.
func (s *Site) Env() ([]envfile.Pair, error) {
	if len(s.Ports) == 0 {
		return nil, errors.New("the stack has never been up: make up")
	}
	pairs := []envfile.Pair{}
	for _, service := range Services() {
		if s.Ports[service.Doors()[0]] != 0 { // it has been up
			pairs = append(pairs, service.Env(s)...)
		}
	}
	return append(
		pairs,
		envfile.Pair{Key: "DCODER_KEK", Value: s.Secrets.KEK},
		envfile.Pair{Key: "DCODER_PEPPERS", Value: s.Secrets.Peppers},
		envfile.Pair{Key: "DCODER_EVENT_SECRETS", Value: s.Secrets.EventSecrets},
		envfile.Pair{Key: "DCODER_EGRESS_ALLOW", Value: "127.0.0.0/8,::1/128"},
		envfile.Pair{Key: "DCODER_LOCAL", Value: s.Dir},
	), nil
}
