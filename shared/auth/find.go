package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

var errShelfDown = errors.New("the shelf failed a moment ago")

const (
	snapshotVersion = 1
	buildTimeout    = 10 * time.Second
	buildPatience   = 3 * time.Second // for one's turn to build
)

// find returns the snapshot behind a key, proved fresh within the last stale;
// checked says that it was proved just now.
func (k *Keeper) find(ctx context.Context, key virtualkey.Key, stale time.Duration) (snap *dcoder.Snapshot, checked bool, err error) {
	now := k.Now()
	e, ok := k.memory.get(nameOf(key.Tenant, key.ID))
	if ok && e.snap != nil && now.Sub(e.loaded) < k.MaxAge && now.Sub(e.checked) < stale && (!e.snap.Provisional || now.Sub(e.loaded) < settles) {
		return e.snap, false, nil
	}
	snap, err = k.checkOr(ctx, key.Tenant, key.ID, stale)
	return snap, true, err
}

// check asks the shelf what is newest, and returns a snapshot that is.
func (k *Keeper) check(ctx context.Context, tenant, key string) (*dcoder.Snapshot, error) {
	return k.checkOr(ctx, tenant, key, settles)
}

func (k *Keeper) checkOr(ctx context.Context, tenant, key string, stale time.Duration) (*dcoder.Snapshot, error) {
	if k.shelfFailedJustNow() {
		return k.withoutShelf(ctx, tenant, key, stale, errShelfDown)
	}
	sealed, marks, err := k.Shelf.Get(ctx, tenant, key)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err() // the client is gone
	}
	if err != nil {
		k.noteShelf(err)
		return k.withoutShelf(ctx, tenant, key, stale, err)
	}
	return k.resolve(ctx, tenant, key, marks, sealed)
}

// resolve returns a snapshot that was read under marks: from memory, from the
// shelf, or built.
func (k *Keeper) resolve(ctx context.Context, tenant, key string, marks Marks, sealed []byte) (*dcoder.Snapshot, error) {
	name, now := nameOf(tenant, key), k.Now()
	if e, ok := k.memory.get(name); ok && k.holds(e, marks, now) {
		k.memory.confirm(name, marks, now)
		return e.snap, missing(e, key)
	}
	shelved, ok := k.unseal(ctx, tenant, key, marks, sealed)
	if ok && k.holds(shelved, marks, now) {
		k.memory.put(shelved)
		return shelved.snap, nil
	}
	flight := fmt.Sprintf("%s/%d/%d", name, marks.TenantGen, marks.KeyGen)
	held, _ := k.memory.get(name)
	for _, e := range []entry{held, shelved} {
		if k.proved(e, marks, now) {
			k.memory.put(e)
			k.readBehind(flight, tenant, key, marks)
			return e.snap, nil
		}
	}
	return k.build(ctx, flight, tenant, key, marks)
}

// proved reports whether an entry is old, and yet the newest as far as
// generations tell. It is used, and read again behind the answer: so an outage of
// Postgres stops nobody, and a generation that Redis lost in a crash is made up
// for after MaxAge.
func (k *Keeper) proved(e entry, marks Marks, now time.Time) bool {
	return e.snap != nil && e.marks.same(marks) && !marks.Dirty && !e.snap.Provisional && now.Sub(e.loaded) < k.Outage
}

func (k *Keeper) readBehind(flight, tenant, key string, marks Marks) {
	if _, busy := k.behind.LoadOrStore(flight, true); busy {
		return
	}
	k.pending.Go(func() {
		defer k.behind.Delete(flight)
		ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
		defer cancel()
		if _, err := k.build(ctx, flight, tenant, key, marks); err != nil {
			k.Log.Debug("a snapshot was not read again", "tenant", tenant, "error", err)
		}
	})
}

// holds reports whether an entry is as new as marks say.
func (k *Keeper) holds(e entry, marks Marks, now time.Time) bool {
	age := now.Sub(e.loaded)
	if !e.marks.same(marks) || age >= k.MaxAge {
		return false
	}
	return age < settles || e.snap != nil && !marks.Dirty && !e.snap.Provisional
}

func missing(e entry, key string) error {
	if e.snap == nil {
		return dcoder.NotFound("key", key)
	}
	return nil
}

func snapshotObject(key string) string { return "snapshot/" + key }

// unseal reads what the shelf holds. What cannot be read, or is of a version
// that this program does not know, is as good as nothing.
func (k *Keeper) unseal(ctx context.Context, tenant, key string, marks Marks, sealed []byte) (entry, bool) {
	if len(sealed) == 0 || !marks.known() {
		return entry{}, false
	}
	plain, err := k.Sealer.Open(ctx, tenant, snapshotObject(key), sealed)
	if err != nil {
		return entry{}, false
	}
	var s dcoder.Snapshot
	if err := json.Unmarshal(plain, &s); err != nil || s.V != snapshotVersion {
		return entry{}, false
	}
	under := Marks{TenantGen: s.TenantGen, KeyGen: s.KeyGen}
	return entry{name: nameOf(tenant, key), snap: &s, marks: under, loaded: s.Loaded, checked: k.Now()}, true
}

// build reads a snapshot from the source, once for all that wait for the same
// one, and puts it on the shelf.
func (k *Keeper) build(ctx context.Context, flight, tenant, key string, marks Marks) (*dcoder.Snapshot, error) {
	done := k.flights.DoChan(flight, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buildTimeout)
		defer cancel()
		return k.buildNow(ctx, tenant, key, marks)
	})
	select {
	case r := <-done:
		snap, _ := r.Val.(*dcoder.Snapshot)
		return snap, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (k *Keeper) buildNow(ctx context.Context, tenant, key string, marks Marks) (*dcoder.Snapshot, error) {
	select {
	case k.builds <- struct{}{}:
		defer func() { <-k.builds }()
	case <-time.After(buildPatience):
		return nil, dcoder.Unavailable("identity_busy", "too many unknown keys are being looked up; try again shortly", settles, nil)
	}
	loaded := k.Now()
	snap, err := k.Source.Build(ctx, tenant, key)
	if err != nil {
		k.noteMissing(err, tenant, key, marks, loaded)
		return nil, err
	}
	if !marks.known() {
		marks = k.ensure(ctx, tenant, key)
	}
	snap.TenantGen, snap.KeyGen, snap.Provisional, snap.Loaded = marks.TenantGen, marks.KeyGen, marks.Dirty, loaded
	k.memory.put(entry{name: nameOf(tenant, key), snap: snap, marks: marks, loaded: loaded, checked: loaded})
	k.shelve(ctx, tenant, key, marks, snap)
	return snap, nil
}

// ensure gives the generations of a key that exists their first values. Without
// the shelf the snapshot is good for a second, like all that cannot be proved.
func (k *Keeper) ensure(ctx context.Context, tenant, key string) Marks {
	if k.shelfFailedJustNow() {
		return Marks{Dirty: true}
	}
	marks, err := k.Shelf.Ensure(ctx, tenant, key)
	if err != nil {
		k.noteShelf(err)
		return Marks{Dirty: true}
	}
	return marks
}

// noteMissing remembers for a second that there is no such key. A tenant that
// nobody knows leaves no trace on the shelf.
func (k *Keeper) noteMissing(err error, tenant, key string, marks Marks, at time.Time) {
	if dcoder.AsError(err).Status == http.StatusNotFound && marks.known() {
		k.memory.put(entry{name: nameOf(tenant, key), marks: marks, loaded: at, checked: at})
	}
}

// shelve lets other processes have the snapshot. Its failure costs them a query.
func (k *Keeper) shelve(ctx context.Context, tenant, key string, marks Marks, snap *dcoder.Snapshot) {
	if !marks.known() {
		return
	}
	plain, err := json.Marshal(snap)
	if err != nil {
		return
	}
	sealed, err := k.Sealer.Seal(ctx, tenant, snapshotObject(key), plain)
	if err == nil {
		err = k.Shelf.Put(ctx, tenant, key, marks, sealed, k.Outage)
	}
	if err != nil {
		k.Log.WarnContext(ctx, "a snapshot was not shelved", "tenant", tenant, "error", err)
	}
}

// withoutShelf goes on while the shelf cannot be reached: with what memory holds
// where the ledger decides anyway; else with what Postgres says now; and with
// memory again where Postgres is gone too and the tenant's policy is open.
func (k *Keeper) withoutShelf(ctx context.Context, tenant, key string, stale time.Duration, cause error) (*dcoder.Snapshot, error) {
	e, ok := k.memory.get(nameOf(tenant, key))
	held := ok && e.snap != nil && k.Now().Sub(e.loaded) < k.MaxAge
	if held && stale > settles {
		return e.snap, nil
	}
	snap, err := k.build(ctx, nameOf(tenant, key)+"/alone", tenant, key, Marks{})
	if err == nil || ctx.Err() != nil {
		return snap, err
	}
	if dcoder.AsError(err).Status < 500 {
		return nil, err
	}
	if held && e.snap.Tenant.RedisDown == "open" {
		return e.snap, nil
	}
	return nil, dcoder.Unavailable("identity_unavailable", "keys cannot be checked at the moment; try again shortly", 2*settles, errors.Join(cause, err))
}
