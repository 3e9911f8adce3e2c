package delivery

import (
	"context"
	"errors"
	"fmt"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

// reconcile compares the counters of every tenant that was active lately with its
// rows. A tenant that fails does not keep the others from being compared.
func reconcile(ctx context.Context, p *wiring.Platform, ledger *redis.Ledger) error {
	tenants, err := redis.NewOutbox(p.Redis).Tenants(ctx)
	if err != nil {
		return err
	}
	limits := postgres.NewLimits(p.Databases)
	var failed []error
	for _, tenant := range tenants {
		if err := reconcileOne(ctx, p, ledger, limits, tenant); err != nil {
			failed = append(failed, fmt.Errorf("reconcile %s: %w", tenant, err))
		}
	}
	return errors.Join(failed...)
}

func reconcileOne(ctx context.Context, p *wiring.Platform, ledger *redis.Ledger, limits *postgres.Limits, tenant string) error {
	all, err := limits.Subjects(ctx, tenant)
	if err != nil || len(all) == 0 {
		return err
	}
	zone, err := limits.TimeZone(ctx, tenant)
	if err != nil {
		return err
	}
	var delivered func(context.Context) (bool, error) // nil: no counter is lowered
	if p.Brokered() {
		delivered = p.Broker.Delivered
	}
	_, err = ledger.Reconcile(ctx, tenant, zone, all, delivered)
	return err
}
