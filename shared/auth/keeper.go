package auth

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/virtualkey"
)

// Options is what a keeper works with. Zero values take the defaults named
// beside them.
type Options struct {
	Shelf   Shelf
	Source  Source
	Sealer  Sealer
	Peppers *Peppers
	Rekeyer Rekeyer          // nil: hashes stay under the pepper that they have
	Log     *slog.Logger     // slog.Default()
	Now     func() time.Time // time.Now

	Entries int           // snapshots in memory: 10,000
	MaxAge  time.Duration // of a snapshot before it is read again: 5 min
	Outage  time.Duration // how long one is good while it is proved the newest and cannot be read again: 4 h
	Builds  int           // snapshots built from Postgres at once: 8
}

// Sealer seals what leaves the process for a shared cache; secret.Vault does.
type Sealer interface {
	Seal(ctx context.Context, tenant, object string, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, tenant, object string, sealed []byte) ([]byte, error)
}

// Rekeyer replaces the stored hash of a key's present secret by one under
// another pepper, if it is still the one that was proved.
type Rekeyer interface {
	Rekey(ctx context.Context, tenant string, proved []byte, next dcoder.HashedKey) error
}

// settles is how long a snapshot is good whose freshness cannot be proved.
const settles = time.Second

// Keeper proves virtual keys; it implements function.Identifier and
// llm.Freshness. One a process, safe for concurrent use.
type Keeper struct {
	Options
	memory  *memory
	flights singleflight.Group
	builds  chan struct{}
	decoy   virtualkey.Key

	shelfDown atomic.Int64 // when the shelf last failed, Unix nanoseconds
	rekeying  sync.Map     // tenant and key
	behind    sync.Map     // flights that nobody waits for
	rekeys    chan struct{}
	pending   sync.WaitGroup
}

// NewKeeper returns a keeper that has connected to nothing.
func NewKeeper(o Options) *Keeper {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Entries <= 0 {
		o.Entries = 10_000
	}
	if o.MaxAge <= 0 {
		o.MaxAge = 5 * time.Minute
	}
	if o.Outage <= 0 {
		o.Outage = 4 * time.Hour
	}
	if o.Builds <= 0 {
		o.Builds = 8
	}
	return &Keeper{
		Options: o, memory: newMemory(o.Entries), builds: make(chan struct{}, o.Builds), rekeys: make(chan struct{}, mostRekeys),
		decoy: virtualkey.New("aaaaaaaaaaaa", "aaaaaaaaaaaa"),
	}
}

// Identify implements function.Identifier. On an admitted route a snapshot of up
// to MaxAge will do, since the ledger's verdict proves it or has it reloaded
// (see Fresh); on others the shelf is asked each time, so that whoever changed
// something sees it at the next request. Before a key is refused, it is looked
// at afresh.
func (k *Keeper) Identify(ctx context.Context, r *http.Request, admitted bool) (context.Context, *dcoder.Principal, error) {
	key, err := virtualkey.Parse(presented(r))
	if err != nil {
		return ctx, nil, k.refuseStranger(ctx)
	}
	stale := time.Duration(0)
	if admitted {
		stale = k.MaxAge
	}
	proof := k.Peppers.prove(key.Text)
	snap, checked, err := k.find(ctx, key, stale)
	if err == nil && !checked && judge(snap, proof, k.Now()) != nil {
		snap, err = k.check(ctx, key.Tenant, key.ID)
	}
	if err == nil && proof.under(snap.PepperID) == nil {
		snap, err = k.readAgain(ctx, snap)
	}
	if err != nil {
		return ctx, nil, unknownIsRefused(err)
	}
	if err := judge(snap, proof, k.Now()); err != nil {
		return ctx, nil, err
	}
	p := snap.Principal
	if err := readHeaders(r.Header, &p); err != nil {
		return ctx, nil, err
	}
	k.rekey(snap, proof)
	return &identified{ctx, proof, snap}, &p, nil
}

// readAgain reads a snapshot that names a pepper which this process has not: the
// key may have been rekeyed a moment ago.
func (k *Keeper) readAgain(ctx context.Context, old *dcoder.Snapshot) (*dcoder.Snapshot, error) {
	tenant, key := old.Principal.Tenant, old.Principal.Key
	marks := Marks{TenantGen: old.TenantGen, KeyGen: old.KeyGen, Dirty: true}
	return k.build(ctx, nameOf(tenant, key)+"/again", tenant, key, marks)
}

// refuseStranger does the work that refusing a known key takes, so that the time
// of an answer tells nothing.
func (k *Keeper) refuseStranger(ctx context.Context) error {
	proof := k.Peppers.prove(k.decoy.Text)
	if !k.shelfFailedJustNow() {
		_, err, _ := k.flights.Do("stranger", func() (any, error) {
			_, _, err := k.Shelf.Get(context.WithoutCancel(ctx), k.decoy.Tenant, k.decoy.ID)
			return nil, err
		})
		k.noteShelf(err)
	}
	return judge(&dcoder.Snapshot{Credential: dcoder.Credential{Hash: make([]byte, 32), PreviousHash: make([]byte, 32), PepperID: k.Peppers.current}}, proof, k.Now())
}

func unknownIsRefused(err error) error {
	if dcoder.AsError(err).Status == http.StatusNotFound {
		return refused()
	}
	return err
}

func (k *Keeper) noteShelf(err error) {
	if err != nil {
		k.shelfDown.Store(k.Now().UnixNano())
	}
}

func (k *Keeper) shelfFailedJustNow() bool {
	return k.Now().UnixNano()-k.shelfDown.Load() < int64(settles)
}
