// Package llmtest serves functions that call models the way production does: the
// real handler, the real coats, the real ledger on Redis, and the provider
// simulator behind the real upstream client. Only who is asking is scripted.
package llmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

// Key is the virtual key's id of every Bench.
const Key = "k00000000001"

// Secret is the provider credential of every Bench.
const Secret = "sk-simulator-0123456789abcdef"

// Options change a Bench before it starts.
type Options struct {
	Coats    func(*llm.Coats)
	Snapshot func(*dcoder.Snapshot)
	RedisURL string       // "" is the stack's
	Upstream http.Handler // nil is the simulator
	Quick    bool         // the simulator repeats itself: for benchmarks
	Tenant   string       // "" is one that nobody else has
	Sealer   llm.Sealer   // of cached answers; nil: none are kept
}

// Bench is one served function with everything behind it.
type Bench struct {
	URL    string // of the served function
	Sim    *llmsim.Server
	Ledger *redis.Ledger
	Tenant string
	Redis  goredis.UniversalClient

	// Drain ends every request as a process does that goes away.
	Drain func()
	// Disconnect closes the idle connections to the simulator, each of which keeps
	// a goroutine there.
	Disconnect func()

	t        testing.TB
	snapshot atomic.Pointer[dcoder.Snapshot]
	refused  atomic.Pointer[dcoder.Error]
	mu       sync.Mutex
	written  [][]byte // entries of the outbox
	spared   []dcoder.UsageRecord
}

// New serves the function that build returns for a model.
func New(t testing.TB, o Options, build func(llm.Model) function.Func) *Bench {
	t.Helper()
	b := &Bench{t: t, Tenant: stacktest.TenantID(), Sim: llmsim.New(llmsim.Config{Instant: o.Quick})}
	if o.Tenant != "" {
		b.Tenant = o.Tenant
	}
	behind := o.Upstream
	if behind == nil {
		behind = b.Sim.Handler()
	}
	provider := httptest.NewServer(behind)
	t.Cleanup(provider.Close)
	b.prepare(provider.URL, o)
	b.open(o)
	doer := upstream.NewLean(upstream.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(doer.Close)
	b.Disconnect = doer.Close
	coats := llm.Coats{Dialects: providers.All(doer, doer), Ledger: b.Ledger, Fresh: b, Spare: b, RetryPause: 5 * time.Millisecond}
	if o.Sealer != nil {
		coats.Sealer, coats.Shelf = o.Sealer, redis.NewAnswers(b.Redis)
	}
	if o.Coats != nil {
		o.Coats(&coats)
	}
	host, err := function.NewHost(function.Wiring{Identifier: b}, build(llm.Chain(coats)))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(host)
	requests, end := context.WithCancelCause(context.Background())
	server.Config.BaseContext = func(net.Listener) context.Context { return requests }
	b.Drain = func() { end(function.ErrDraining) }
	server.Start()
	t.Cleanup(server.Close)
	b.URL = server.URL
	return b
}

// prepare writes the snapshot that every key stands for.
func (b *Bench) prepare(url string, o Options) {
	s := &dcoder.Snapshot{
		V: 1,
		Principal: dcoder.Principal{
			Tenant: b.Tenant, Platform: dcoder.DefaultPlatform, Key: Key, User: "u1", Group: "g1", Role: dcoder.RoleService,
			Permissions: []dcoder.Permission{dcoder.ModelsUse},
		},
		Tenant: dcoder.TenantPolicy{State: "active", TimeZone: "UTC", Currency: "USD"},
		Providers: map[string]dcoder.ProviderGrant{
			"openai":    {Name: "openai", Dialect: "openai", BaseURL: url + "/v1", Secret: Secret},
			"anthropic": {Name: "anthropic", Dialect: "anthropic", BaseURL: url + "/anthropic/v1", Secret: Secret},
			"groq":      {Name: "groq", Dialect: "groq", BaseURL: url + "/openai/v1", Secret: Secret},
			"google":    {Name: "google", Dialect: "google", BaseURL: url + "/v1beta", Secret: Secret},
			"vertex":    {Name: "vertex", Dialect: "vertex", BaseURL: url + "/v1/projects/p/locations/l", Secret: Secret},
		},
		Aliases: map[string][]dcoder.Target{"fast": {{Provider: "openai", Model: "gpt-4o-mini"}}},
	}
	if o.Snapshot != nil {
		o.Snapshot(s)
	}
	b.snapshot.Store(s)
}

func (b *Bench) open(o Options) {
	url := o.RedisURL
	if url == "" {
		url = stacktest.Env(b.t).RedisURL
	}
	client, err := redis.Open(url)
	require.NoError(b.t, err)
	b.Redis = client
	b.Ledger = redis.NewLedger(redis.Config{Client: client, OnWritten: b.wrote})
	if o.RedisURL == "" {
		require.NoError(b.t, b.Ledger.Open(b.t.Context(), b.Tenant))
	}
	b.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = b.Ledger.Drain(ctx)
		b.Ledger.Close()
		_ = client.Close()
	})
}

// Identify implements function.Identifier: every caller has the one key.
func (b *Bench) Identify(ctx context.Context, r *http.Request, _ bool) (context.Context, *dcoder.Principal, error) {
	if r.Header.Get("Authorization") == "" && r.Header.Get("X-Api-Key") == "" {
		return ctx, nil, dcoder.Unauthorized("invalid_key", "the key is not good")
	}
	if e := b.refused.Load(); e != nil {
		return ctx, nil, e
	}
	s := b.snapshot.Load()
	return auth.WithSnapshot(ctx, s), &s.Principal, nil
}

// Renew implements llm.Freshness.
func (b *Bench) Renew(ctx context.Context, s *dcoder.Snapshot) (*dcoder.Snapshot, error) {
	return b.Fresh(ctx, s, 0, 0, false)
}

// Fresh implements llm.Freshness.
func (b *Bench) Fresh(context.Context, *dcoder.Snapshot, dcoder.Generation, dcoder.Generation, bool) (*dcoder.Snapshot, error) {
	if e := b.refused.Load(); e != nil {
		return nil, e
	}
	return b.snapshot.Load(), nil
}

// Change replaces the snapshot by a changed copy; callers that were identified
// before meet it when they are admitted.
func (b *Bench) Change(f func(*dcoder.Snapshot)) {
	s := *b.snapshot.Load()
	f(&s)
	b.snapshot.Store(&s)
}

// Snapshot returns what every key stands for now.
func (b *Bench) Snapshot() *dcoder.Snapshot { return b.snapshot.Load() }

// Revoke makes the key bad.
func (b *Bench) Revoke() {
	b.refused.Store(dcoder.Unauthorized("invalid_key", "the key is not good"))
}

// Keep implements llm.Spare.
func (b *Bench) Keep(r dcoder.UsageRecord) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spared = append(b.spared, r)
}

// Spared lists the rows that went past the ledger.
func (b *Bench) Spared() []dcoder.UsageRecord {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]dcoder.UsageRecord(nil), b.spared...)
}

func (b *Bench) wrote(tenant, _ string, records []byte) {
	if tenant != b.Tenant {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.written = append(b.written, bytes.Clone(records))
}

// All returns the rows that the outbox has by now.
func (b *Bench) All() (all []dcoder.UsageRecord) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, entry := range b.written {
		var rows []dcoder.UsageRecord
		require.NoError(b.t, json.Unmarshal(entry, &rows), "the outbox holds what is no row")
		all = append(all, rows...)
	}
	return all
}

// Rows waits until the outbox has n rows and returns them all.
func (b *Bench) Rows(n int) (rows []dcoder.UsageRecord) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		rows = b.All()
		return len(rows) >= n
	}, 15*time.Second, 2*time.Millisecond, "rows in the outbox")
	require.Len(b.t, rows, n)
	return rows
}

// Row waits for the only row.
func (b *Bench) Row() dcoder.UsageRecord {
	b.t.Helper()
	return b.Rows(1)[0]
}

// Seen waits until the simulator has answered n requests and returns them.
func (b *Bench) Seen(n int) []llmsim.Seen {
	b.t.Helper()
	var got []llmsim.Seen
	require.Eventually(b.t, func() bool {
		got = got[:0]
		for _, s := range b.Sim.Requests(0) {
			if s.State != llmsim.StateRunning {
				got = append(got, s)
			}
		}
		return len(got) >= n
	}, 15*time.Second, 2*time.Millisecond, "requests that the provider has ended")
	require.Len(b.t, got, n)
	return got
}
