package platform

import (
	"context"
	"fmt"
)

// ForgetKeys takes the snapshots of all keys out of Redis: only Postgres knows
// them. The ledger's counters stay.
func (p *Platform) ForgetKeys(ctx context.Context) error {
	for _, t := range p.state.Tenants[:len(p.Keys)] {
		names, err := p.Redis.Keys(ctx, "{"+t.ID+"}:snap:*").Result()
		if err != nil {
			return fmt.Errorf("forget keys: %w", err)
		}
		if len(names) == 0 {
			continue
		}
		if err := p.Redis.Del(ctx, names...).Err(); err != nil {
			return fmt.Errorf("forget keys: %w", err)
		}
	}
	return nil
}

// KnowsKeys reports whether Redis holds the snapshots of all keys.
func (p *Platform) KnowsKeys(ctx context.Context) (bool, error) {
	for _, t := range p.state.Tenants[:len(p.Keys)] {
		names, err := p.Redis.Keys(ctx, "{"+t.ID+"}:snap:*").Result()
		if err != nil {
			return false, fmt.Errorf("look for keys: %w", err)
		}
		if len(names) == 0 {
			return false, nil
		}
	}
	return true, nil
}
