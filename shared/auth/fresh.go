package auth

import (
	"context"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Fresh returns a snapshot that is as new as the generations that the ledger
// returned: snap itself where it is, else a reloaded one. A 401 says that the
// key has been revoked since the request was identified, a 403 that its tenant
// was suspended. A second call for the same generations costs no I/O.
func (k *Keeper) Fresh(ctx context.Context, snap *dcoder.Snapshot, tenantGen, keyGen dcoder.Generation, dirty bool) (*dcoder.Snapshot, error) {
	marks := Marks{TenantGen: tenantGen, KeyGen: keyGen, Dirty: dirty}
	under := Marks{TenantGen: snap.TenantGen, KeyGen: snap.KeyGen}
	tenant, key := snap.Principal.Tenant, snap.Principal.Key
	next := snap
	if !k.holds(entry{snap: snap, marks: under, loaded: snap.Loaded}, marks, k.Now()) {
		var err error
		if next, err = k.reload(ctx, tenant, key, marks); err != nil {
			return nil, unknownIsRefused(err)
		}
	}
	return next, k.judgeAgain(ctx, snap, next)
}

// Renew returns the newest snapshot behind snap's key, proved now. Errors are as
// those of Fresh.
func (k *Keeper) Renew(ctx context.Context, snap *dcoder.Snapshot) (*dcoder.Snapshot, error) {
	next, err := k.check(ctx, snap.Principal.Tenant, snap.Principal.Key)
	if err != nil {
		return nil, unknownIsRefused(err)
	}
	return next, k.judgeAgain(ctx, snap, next)
}

func (k *Keeper) reload(ctx context.Context, tenant, key string, marks Marks) (*dcoder.Snapshot, error) {
	if e, ok := k.memory.get(nameOf(tenant, key)); ok && k.holds(e, marks, k.Now()) {
		return e.snap, missing(e, key)
	}
	return k.check(ctx, tenant, key)
}

// judgeAgain looks at a request that was let in once: with the proof that it
// brought, or, where the context does not hold it, by the hash that it matched.
func (k *Keeper) judgeAgain(ctx context.Context, before, now *dcoder.Snapshot) error {
	p, ok := ctx.Value(proofKey{}).(proof)
	if !ok {
		p = proof{{before.PepperID, before.Hash}}
	}
	return judge(now, p, k.Now())
}
