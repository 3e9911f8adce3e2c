// Package dispatch holds the rules of delivery: how usage leaves the outbox,
// how events reach functions, when a delivery is retried, and when it becomes a
// dead letter.
package dispatch

import (
	"context"
	"time"
)

// Outbox holds usage records from the moment they are settled until the broker
// holds them. An entry is a JSON array of usage records (the records of one
// settle flush).
type Outbox interface {
	// Tenants lists tenants that may have entries waiting.
	Tenants(ctx context.Context) ([]string, error)
	// Lease makes the caller the tenant's only relay for d; ok is false when
	// another one is.
	Lease(ctx context.Context, tenant string, d time.Duration) (release func(), ok bool, err error)
	// Pending returns the oldest entries that are older than minAge.
	Pending(ctx context.Context, tenant string, minAge time.Duration, most int) ([]OutboxEntry, error)
	// Delete removes entries that the broker holds.
	Delete(ctx context.Context, tenant string, ids ...string) error
}

// OutboxEntry is one settle flush of one tenant.
type OutboxEntry struct {
	ID      string // unique within the tenant; becomes the event's id
	Records []byte // JSON array of dcoder.UsageRecord
}
