package redis

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Config is what a Ledger needs. Only Client is required.
type Config struct {
	Client goredis.UniversalClient
	// Seeder tells what the usage table holds where a counter is unknown. Without
	// one such a counter begins with what waits in the outbox.
	Seeder Seeder
	// PlatformSeeder tells the same of the limits of the platform. Without one they
	// begin at zero.
	PlatformSeeder PlatformSeeder
	// OnWritten hears of every outbox entry that this process wrote, so that its
	// relay can publish without reading back. It must not block.
	OnWritten func(tenant, entry string, records []byte)
	// OnUndeliverable takes a record that Redis did not take. nil means that the
	// record is safe elsewhere; after an error it is logged, id and sums only.
	OnUndeliverable func(r dcoder.UsageRecord) error
	// Recovery is how long admissions wait after Redis lost everything, so that
	// running calls are registered again first. Default 2 s.
	Recovery time.Duration
	// Patience bounds how long one Admit or Extend waits for a recovery. Default 3 s.
	Patience time.Duration
	// Linger is how long a settlement waits for the tenant's next admission, to go
	// with it, and for others. Default 100 ms.
	Linger time.Duration
	// Queue bounds the settlements that are kept while Redis is away. Default 65,536.
	Queue int
	Log   *slog.Logger
}

// Ledger implements llm.Ledger. Build it with NewLedger, end it with Drain and
// Close. It starts no goroutine before it is used, and none that outlives the
// calls and settlements under way.
type Ledger struct {
	cfg     Config
	client  goredis.UniversalClient
	scripts *scripts
	clock   clock
	circuit circuit
	closed  chan struct{}
	once    sync.Once

	mu      sync.Mutex // guards what follows and the waiting lists of books
	books   map[string]*book
	ready   []*book
	leaders int

	settler   settler
	keeping   atomic.Bool
	collected atomic.Int64 // when a call last had unused leases collected, Unix ns
	running   atomic.Int64
}

var _ llm.Ledger = (*Ledger)(nil)

// NewLedger returns a Ledger on cfg.Client. It does no I/O.
func NewLedger(cfg Config) *Ledger {
	setDefault(&cfg.Recovery, 2*time.Second)
	setDefault(&cfg.Patience, 3*time.Second)
	setDefault(&cfg.Linger, 100*time.Millisecond)
	if cfg.Queue <= 0 {
		cfg.Queue = 1 << 16
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	l := &Ledger{
		cfg: cfg, client: cfg.Client, scripts: embedded,
		closed: make(chan struct{}), books: map[string]*book{},
	}
	l.settler.ledger = l
	l.settler.hurry = make(chan struct{}, 1)
	return l
}

func setDefault(d *time.Duration, v time.Duration) {
	if *d <= 0 {
		*d = v
	}
}

// Close ends the ledger's goroutines. What is queued and was not drained goes to
// Config.OnUndeliverable. It leaves the client open.
func (l *Ledger) Close() {
	l.once.Do(func() { close(l.closed) })
	l.settler.abandon()
}

// Open creates the books of a new tenant, so that its first request does not
// wait as after a loss. Repeats do nothing.
func (l *Ledger) Open(ctx context.Context, tenant string) error {
	n := namesOf(tenant)
	if err := l.scripts.open.run(ctx, l.client, []string{n.ledger}).Err(); err != nil {
		return unavailable(err, time.Second)
	}
	return nil
}

func unavailable(cause error, after time.Duration) *dcoder.Error {
	return dcoder.Unavailable("ledger_unavailable", "limits cannot be checked right now; try again shortly", after, cause)
}

func recovering(cause error) *dcoder.Error {
	return dcoder.Unavailable("ledger_recovering", "limits are being restored; try again shortly", time.Second, cause)
}
