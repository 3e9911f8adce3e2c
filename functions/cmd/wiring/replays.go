package wiring

import (
	"context"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

// Replays remembers answers under Idempotency-Keys: who is at work is known to
// Redis, what came of it stands in Postgres beside the change itself.
func (p *Platform) Replays() function.Replays {
	return NewReplays(redis.NewClaims(p.Redis), p.Databases)
}

// NewReplays puts the two halves together.
func NewReplays(running *redis.Claims, done *postgres.Databases) function.Replays {
	return replays{running, done}
}

type replays struct {
	running *redis.Claims
	done    *postgres.Databases
}

// Find implements function.Replays.
func (r replays) Find(ctx context.Context, tenant, key string) (*dcoder.Replay, error) {
	return r.done.FindReplay(ctx, tenant, key)
}

// Claim implements function.Replays.
func (r replays) Claim(ctx context.Context, tenant, key string) (release func(), claimed bool, err error) {
	return r.running.Claim(ctx, tenant, key)
}
