// Package auth proves virtual keys: it parses them, finds the snapshot behind
// them (process memory, then Redis, then Postgres), compares the secret in
// constant time, and says whether the snapshot is still the newest.
//
// It holds the rules; the stores behind its interfaces are handed in.
package auth

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Marks is what Redis says about the freshness of a tenant and one of its keys.
type Marks struct {
	TenantGen dcoder.Generation // 0: unknown, build from Postgres
	KeyGen    dcoder.Generation
	Dirty     bool // a change is under way or just ended: keep a snapshot for a second at most
}

// Shelf is the snapshot store that all processes share.
type Shelf interface {
	// Get returns the sealed snapshot of a key (nil when there is none) and the
	// marks, in one round trip.
	Get(ctx context.Context, tenant, key string) (sealed []byte, m Marks, err error)
	// Put stores a sealed snapshot that was built under m; it does nothing when
	// the marks have moved on since.
	Put(ctx context.Context, tenant, key string, m Marks, sealed []byte, ttl time.Duration) error
	// Ensure gives unknown generations a value and returns the marks.
	Ensure(ctx context.Context, tenant, key string) (Marks, error)
}

// Generations announces changes, so that every process sees them at its next
// request. Changing is called before the transaction commits and Changed after:
// a crash in between leaves the tenant dirty for a bounded time, in which
// snapshots live for a second at most, so no change is ever missed.
type Generations interface {
	// Changing raises the generation of the tenant (keys empty) or of keys, and
	// marks the tenant dirty for longer than a transaction may take.
	Changing(ctx context.Context, tenant string, keys ...string) error
	// Changed raises the generations again.
	Changed(ctx context.Context, tenant string, keys ...string) error
}

// Source builds snapshots from what is stored for good.
type Source interface {
	// Build returns the snapshot of a key without its generations, or
	// a not-found *dcoder.Error for an unknown tenant or key.
	Build(ctx context.Context, tenant, key string) (*dcoder.Snapshot, error)
}

type snapshotKey struct{}

// WithSnapshot returns ctx carrying the snapshot behind the principal.
func WithSnapshot(ctx context.Context, s *dcoder.Snapshot) context.Context {
	return context.WithValue(ctx, snapshotKey{}, s)
}

// SnapshotOf returns the snapshot in ctx, or nil.
func SnapshotOf(ctx context.Context) *dcoder.Snapshot {
	s, _ := ctx.Value(snapshotKey{}).(*dcoder.Snapshot)
	return s
}
