package stack

import (
	"context"
	"fmt"
	"os"

	"github.com/d-coder-ai/dcoder/infra/local/daemon"
	"github.com/d-coder-ai/dcoder/infra/local/envfile"
)

// redis is Redis 8, durable to the second and never evicting: it holds the ledger.
type redis struct{}

func (redis) Name() string    { return "redis" }
func (redis) Doors() []string { return []string{"redis"} }

func (redis) Install(ctx context.Context, site *Site) error { return site.debian(ctx) }

func (redis) Command(_ context.Context, site *Site) (daemon.Command, error) {
	home := site.path("redis")
	if err := os.MkdirAll(site.path("redis", "data"), 0o700); err != nil {
		return daemon.Command{}, err
	}
	conf := fmt.Sprintf(`bind 127.0.0.1
port %d
dir %q
daemonize no
appendonly yes
appendfsync everysec
aof-load-truncated yes
maxmemory-policy noeviction
save ""
databases 16
`, site.Ports["redis"], site.path("redis", "data"))
	file := site.path("redis", "redis.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return daemon.Command{}, err
	}
	return daemon.Command{Path: site.path("debian", "usr/bin/redis-server"), Args: []string{file}, Env: plainEnv(home), Dir: home}, nil
}

func (redis) Healthy(ctx context.Context, site *Site) error {
	_, err := greet(ctx, site.address("redis"), "PING\r\n", "+PONG")
	return err
}

func (redis) Settle(context.Context, *Site) error { return nil }

func (redis) Env(site *Site) []envfile.Pair {
	return []envfile.Pair{{Key: "DCODER_REDIS_URL", Value: "redis://" + site.address("redis") + "/0"}}
}
