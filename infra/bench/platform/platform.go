// Package platform sets up what the gateway needs to be measured as it is in
// production: a Redis of the benchmark's own with the stack's settings, a control
// database and tenants with keys, credentials and nine limits each, and the
// shipped binary of functions/cmd/chat with its default configuration.
//
// Postgres and NATS are the local stack's. The tenants are made once and found
// again by later runs.
package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

const (
	controlDB  = "dcoder_bench"
	natsPrefix = "dcoderbench"
)

// Options says what is wanted.
type Options struct {
	Tenants  int
	Upstream string               // host:port of the provider
	Say      func(string, ...any) // progress
	Profiled bool                 // build the gateway with a door for Profile, on DCODER_BENCH_PPROF
}

// Platform is what stands ready. Close it.
type Platform struct {
	Keys    []string // one virtual key for each tenant
	Binary  string   // the gateway
	Size    int64    // of the binary, bytes
	Redis   goredis.UniversalClient
	options Options
	stack   map[string]string
	state   state
	redis   *server
	dir     string // of everything that ends with the run
	locked  *os.File
}

// Open sets everything up.
func Open(ctx context.Context, o Options) (p *Platform, err error) {
	p = &Platform{options: o}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	if p.stack, err = environment(); err != nil {
		return nil, err
	}
	if p.locked, err = lock(ctx, p.stack["DCODER_LOCAL"], o.Say); err != nil {
		return nil, err
	}
	if p.dir, err = os.MkdirTemp("", "dcoder-bench-*"); err != nil {
		return nil, err
	}
	if p.redis, err = startRedis(ctx, p.stack, p.dir); err != nil {
		return nil, err
	}
	if p.Redis, err = redis.Open(p.redis.url); err != nil {
		return nil, err
	}
	if err := p.build(ctx); err != nil {
		return nil, err
	}
	return p, p.makeTenants(ctx)
}

// Close ends what Open started. The tenants stay for the next run, the events
// that nobody heard do not.
func (p *Platform) Close() {
	if p.Redis != nil {
		_ = p.Redis.Close()
	}
	if p.redis != nil {
		p.redis.stop()
	}
	if p.stack != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		p.dropStreams(ctx)
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
	if p.locked != nil {
		_ = p.locked.Close()
	}
}

// RedisCPU is the processor time that Redis has used, as it says itself.
func (p *Platform) RedisCPU(ctx context.Context) (time.Duration, error) {
	info, err := p.Redis.Info(ctx, "cpu").Result()
	if err != nil {
		return 0, fmt.Errorf("ask Redis for its processor time: %w", err)
	}
	return parseCPU(info)
}

var required = []string{"DCODER_CONTROL_DSN", "DCODER_CREATOR_DSN", "DCODER_NATS_URL"}

// environment is the local stack's, from the process' environment or the file
// that the stack writes.
func environment() (map[string]string, error) {
	local := os.Getenv("DCODER_LOCAL")
	if local == "" {
		local = ".local"
	}
	env := map[string]string{"DCODER_LOCAL": local}
	pairs, err := envfile.ReadFile(filepath.Join(local, "env"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the stack's variables: %w", err)
	}
	for _, pair := range pairs {
		env[pair.Key] = pair.Value
	}
	for _, name := range append([]string{"DCODER_REDIS_URL"}, required...) {
		if v := os.Getenv(name); v != "" {
			env[name] = v
		}
	}
	for _, name := range required {
		if env[name] == "" {
			return nil, fmt.Errorf("%s is not set: start the local stack with make up", name)
		}
	}
	return env, nil
}
