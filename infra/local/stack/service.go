package stack

import (
	"context"
	"fmt"
	"strconv"
	"syscall"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/gotool"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

// Service is one server of the stack.
type Service interface {
	Name() string
	Doors() []string // the names of its ports, see pin.FirstPort
	// Install makes its program available; it may take minutes the first time.
	Install(ctx context.Context, site *Site) error
	// Command prepares its folder and configuration and says how it runs.
	Command(ctx context.Context, site *Site) (daemon.Command, error)
	// Healthy is nil once the server answers as itself.
	Healthy(ctx context.Context, site *Site) error
	// Settle makes what must be in it, again at each start.
	Settle(ctx context.Context, site *Site) error
	Env(site *Site) []envfile.Pair
}

// Services lists the stack in the order of its table.
func Services() []Service {
	return []Service{postgres{}, redis{}, nats{}, temporal{}, s3{}}
}

func (s *Site) daemon(service Service) daemon.Daemon {
	name := service.Name()
	d := daemon.Daemon{Name: name, Home: s.path(name), Log: s.path("log", name+".log")}
	if own, is := service.(interface{ stopSignal() syscall.Signal }); is {
		d.Stop = own.stopSignal()
	}
	d.Guard = s.guard
	return d
}

// address is host:port of a door.
func (s *Site) address(door string) string {
	return "127.0.0.1:" + strconv.Itoa(s.Ports[door])
}

// tool installs a program that is built from a Go module.
func (s *Site) tool(ctx context.Context, service string, tool pin.GoTool) (string, error) {
	path, err := gotool.Ensure(ctx, s.path("bin"), tool, func(line string) { s.Say(service, line) })
	if err != nil {
		return "", fmt.Errorf("installing %s: %w", tool.Name, err)
	}
	return path, nil
}

// plainEnv is the environment of the servers: nothing of the caller's but where to find programs and time zones.
func plainEnv(home string) []string {
	return []string{"PATH=/usr/bin:/bin", "HOME=" + home, "LC_ALL=C", "TZ=UTC"}
}
