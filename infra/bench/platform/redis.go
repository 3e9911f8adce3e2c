package platform

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/proc"
)

// server is the Redis of one run.
type server struct {
	url   string
	child *proc.Child // nil: somebody else's
}

// startRedis starts a Redis with the settings of the local stack, so that no
// neighbour's load counts as the gateway's. Without a program at hand it is the
// stack's own.
func startRedis(ctx context.Context, stack map[string]string, dir string) (*server, error) {
	program := filepath.Join(stack["DCODER_LOCAL"], "debian/usr/bin/redis-server")
	if _, err := os.Stat(program); err != nil {
		if program, err = exec.LookPath("redis-server"); err != nil {
			if stack["DCODER_REDIS_URL"] == "" {
				return nil, fmt.Errorf("no redis-server and no DCODER_REDIS_URL: start the local stack with make up")
			}
			return &server{url: stack["DCODER_REDIS_URL"]}, nil
		}
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	port, err := proc.FreePort()
	if err != nil {
		return nil, err
	}
	args := strings.Fields("--bind 127.0.0.1 --daemonize no --appendonly yes --appendfsync everysec --maxmemory-policy noeviction --loglevel warning")
	args = append(args, "--port", strconv.Itoa(port), "--dir", dir, "--save", "")
	said := &proc.Tail{}
	child, err := proc.Start(program, args, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, said)
	if err != nil {
		return nil, err
	}
	s := &server{url: fmt.Sprintf("redis://127.0.0.1:%d/0", port), child: child}
	if err := listens(ctx, fmt.Sprintf("127.0.0.1:%d", port), child); err != nil {
		s.stop()
		return nil, fmt.Errorf("start Redis: %w\n%s", err, said)
	}
	return s, nil
}

func (s *server) stop() {
	if s.child != nil {
		s.child.Stop()
	}
}

// listens waits until something accepts connections at addr.
func listens(ctx context.Context, addr string, child *proc.Child) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-child.Done():
			return fmt.Errorf("the process ended before it listened on %s", addr)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// parseCPU adds used_cpu_sys and used_cpu_user of INFO cpu, in seconds.
func parseCPU(info string) (time.Duration, error) {
	var seconds float64
	found := 0
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name != "used_cpu_sys" && name != "used_cpu_user" {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read %s of Redis: %w", name, err)
		}
		seconds += v
		found++
	}
	if found != 2 {
		return 0, fmt.Errorf("no processor time in the answer of Redis")
	}
	return time.Duration(seconds * 1e9), nil
}
