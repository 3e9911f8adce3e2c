package redis

import (
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// book is what the ledger keeps of one tenant in this process.
type book struct {
	names
	clock *clock
	boxes [5]any // counters, reservations, expiries, generations, outbox

	// Guarded by Ledger.mu.
	admitting []*held // waiting for their verdict
	extending []*held
	calling   bool // a call of this tenant is in flight
	listed    bool // in Ledger.ready

	// Touched by the one call in flight only.
	calendar calendar
	active   time.Time      // when the tenant was last listed as active
	fields   map[string]any // generation fields by key, boxed

	endings []*ending // waiting to be written; guarded by settler.mu

	mu        sync.Mutex
	sets      map[limitsKey]*limitSet
	held      map[string]*held // running calls of this process
	releasing map[string]chan struct{}
	epoch     float64
	epochText string
	leased    leased
	leasing   sync.Mutex    // held while more is leased of the platform's limits
	seeding   chan struct{} // closed when the seeding under way ends
}

// limitsKey knows a slice of limits by its place, since a snapshot hands the same
// one to all its calls. The set keeps the slice alive, so a place is never reused.
type limitsKey struct {
	first *dcoder.Limit
	n     int
	zone  string
}

const mostSets = 512

func (l *Ledger) book(tenant string) *book {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.books[tenant]
	if b == nil {
		n := namesOf(tenant)
		b = &book{
			names: n, clock: &l.clock, boxes: [5]any{n.ledger, n.reservations, n.expiries, n.generations, n.outbox},
			fields: map[string]any{}, sets: map[limitsKey]*limitSet{}, held: map[string]*held{}, releasing: map[string]chan struct{}{},
		}
		l.books[tenant] = b
	}
	return b
}

// set returns limits prepared for the scripts.
func (b *book) set(limits []dcoder.Limit, zone string) (*limitSet, error) {
	key := limitsKey{unsafe.SliceData(limits), len(limits), zone}
	b.mu.Lock()
	s := b.sets[key]
	b.mu.Unlock()
	if s != nil && (s.until.IsZero() || b.clock.now().Before(s.until)) {
		return b.withShares(s), nil
	}
	s, err := compile(limits, zone, b.clock.now())
	if err != nil {
		return nil, dcoder.Internal(err)
	}
	b.mu.Lock()
	if len(b.sets) >= mostSets {
		clear(b.sets)
	}
	b.sets[key] = s
	b.mu.Unlock()
	return b.withShares(s), nil
}

const mostFields = 4096

// generation returns the field of a key's generation.
func (b *book) generation(key string) any {
	f := b.fields[key]
	if f == nil {
		if len(b.fields) >= mostFields {
			clear(b.fields)
		}
		f = generationField(key)
		b.fields[key] = f
	}
	return f
}

// epochName returns the epoch as the contract carries it.
func (b *book) epochName(epoch float64) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.epoch != epoch || b.epochText == "" {
		b.epoch, b.epochText = epoch, strconv.FormatInt(int64(epoch), 10)
		b.leased.forget()
	}
	return b.epochText
}

func epochNumber(name string) float64 {
	n, _ := strconv.ParseInt(name, 10, 64)
	return float64(n)
}
