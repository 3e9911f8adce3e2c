package auth

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const (
	mostRekeys   = 4 // at once
	rekeyTimeout = 10 * time.Second
)

// rekey has the stored hash of a key that was just proved replaced by one under
// the current pepper. It happens behind the answer, for few keys at once; one
// that finds no room is rekeyed at a later use.
func (k *Keeper) rekey(s *dcoder.Snapshot, p proof) {
	if k.Rekeyer == nil || s.PepperID == k.Peppers.current || !p.of(s.PepperID, s.Hash) {
		return
	}
	tenant, key := s.Principal.Tenant, s.Principal.Key
	name := nameOf(tenant, key)
	if _, busy := k.rekeying.LoadOrStore(name, true); busy {
		return
	}
	select {
	case k.rekeys <- struct{}{}:
	default:
		k.rekeying.Delete(name)
		return
	}
	next := dcoder.HashedKey{ID: key, Hash: p.under(k.Peppers.current), PepperID: k.Peppers.current}
	k.pending.Go(func() {
		defer func() { <-k.rekeys; k.rekeying.Delete(name) }()
		ctx, cancel := context.WithTimeout(context.Background(), rekeyTimeout)
		defer cancel()
		if err := k.Rekeyer.Rekey(ctx, tenant, s.Hash, next); err != nil {
			k.Log.Warn("a key was not rekeyed", "tenant", tenant, "key", key, "error", err)
		}
	})
}

// Drain returns when what happens behind answers has happened, or ctx ends.
func (k *Keeper) Drain(ctx context.Context) error {
	done := make(chan struct{})
	go func() { k.pending.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
