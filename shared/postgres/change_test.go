package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

// broker keeps what is published and can be away. It stands in for no store:
// what is tested is what happens while any broker is away.
type broker struct {
	mu   sync.Mutex
	away bool
	held []dcoder.Envelope
}

func (b *broker) Publish(_ context.Context, events ...dcoder.Envelope) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errors.New("away")
	}
	b.held = append(b.held, events...)
	return nil
}

func (b *broker) goAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func newKey(ctx context.Context, k *postgres.Keys, tenant string) (string, error) {
	key := dcoder.VirtualKey{ID: dcoder.NewKeyID(), Name: "x", Role: dcoder.RoleService, Created: time.Now().UTC()}
	return key.ID, k.Create(ctx, tenant, key, dcoder.HashedKey{ID: key.ID, Hash: []byte("h"), PepperID: "p"}, nil)
}

func count(t *testing.T, d *postgres.Databases, tenant, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, d.ReadTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), query, args...).Scan(&n)
	}))
	return n
}

func TestEventsOutliveABrokerThatIsAway(t *testing.T) {
	t.Parallel()
	b := &broker{away: true}
	s := postgrestest.New(t, func(o *postgres.Options) { o.Publisher = b })
	tenant := s.NewTenant()
	keys := postgres.NewKeys(s.Databases)
	id, err := newKey(t.Context(), keys, tenant)
	require.NoError(t, err, "the change does not wait for the broker")
	_, err = keys.Block(t.Context(), tenant, id)
	require.NoError(t, err)
	assert.Equal(t, 2, count(t, s.Databases, tenant, "SELECT count(*) FROM outbox"))
	require.NoError(t, s.Sweep(t.Context(), time.Millisecond))
	assert.Equal(t, 2, count(t, s.Databases, tenant, "SELECT count(*) FROM outbox"))
	b.goAway(false)
	var together sync.WaitGroup
	for range 3 {
		together.Go(func() { assert.NoError(t, s.Sweep(t.Context(), time.Millisecond)) })
	}
	together.Wait()
	require.Len(t, b.held, 2, "each once, however many sweep")
	assert.Equal(t, []string{"config.changed", "key.revoked"}, []string{b.held[0].Type, b.held[1].Type}, "in their order")
	assert.Equal(t, tenant, b.held[0].Tenant)
	assert.Zero(t, count(t, s.Databases, tenant, "SELECT count(*) FROM outbox"))
	_, err = keys.Unblock(t.Context(), tenant, id)
	require.NoError(t, err)
	assert.Len(t, b.held, 3, "at once where the broker answers")
	assert.Zero(t, count(t, s.Databases, tenant, "SELECT count(*) FROM outbox"))
}

// Connections are cut at random moments of the changes: for every change that
// stands there is one audit record and one event, and none without it.
func TestNoChangeWithoutItsRecordAndNoneTwice(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	keys := postgres.NewKeys(s.Databases)
	made := 0
	for range 120 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.Int64N(int64(6*time.Millisecond))))
		if _, err := newKey(ctx, keys, tenant); err == nil {
			made++
		}
		cancel()
	}
	stand := count(t, s.Databases, tenant, "SELECT count(*) FROM keys WHERE name = 'x'")
	assert.GreaterOrEqual(t, stand, made)
	assert.Less(t, made, 120, "some were cut")
	for query, want := range map[string]int{
		"SELECT count(*) FROM audit_log a WHERE action = 'key.created' AND EXISTS (SELECT FROM keys k WHERE k.id = a.object_id AND k.name = 'x')": stand,
		"SELECT count(*) FROM audit_log WHERE action = 'key.created'":                                                                             stand + 1, // the first administrator's
		"SELECT count(*) FROM outbox": stand,
		"SELECT count(*) FROM (SELECT object_id FROM audit_log GROUP BY object_id HAVING count(*) > 1) twice": 0,
		"SELECT count(*) FROM audit_log WHERE request_id IS NULL OR actor = ''":                               0,
	} {
		assert.Equal(t, want, count(t, s.Databases, tenant, query), query)
	}
	t.Logf("%d of 120 changes stand", stand)
}

func TestAuditRecordsSayWhoAndNeverASecret(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	ctx := dcoder.WithRequestID(dcoder.WithPrincipal(t.Context(), &dcoder.Principal{Tenant: tenant, Key: "admin0000001", Role: dcoder.RoleTenantAdmin}), "req-1")
	_, err := postgres.NewProviders(s.Databases).Put(ctx, tenant, dcoder.Provider{Name: "openai", Dialect: "openai", BaseURL: "https://a"}, "sk-canary")
	require.NoError(t, err)
	_, err = postgres.NewProviders(s.Databases).Put(ctx, tenant, dcoder.Provider{Name: "openai", Dialect: "openai", BaseURL: "https://b"}, "sk-canary-2")
	require.NoError(t, err)
	var actor, request, before, after, all string
	require.NoError(t, s.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
SELECT actor, request_id, before->>'baseUrl', after->>'baseUrl', (SELECT json_agg(l)::text FROM audit_log l) || (SELECT json_agg(o)::text FROM outbox o)
FROM audit_log WHERE action = 'provider.set' ORDER BY id DESC LIMIT 1`).Scan(&actor, &request, &before, &after, &all)
	}))
	assert.Equal(t, []string{tenant + "/admin0000001", "req-1", "https://a", "https://b"}, []string{actor, request, before, after})
	assert.NotContains(t, all, "sk-canary")
}

func TestACiphertextMovedToAnotherProviderDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	providers := postgres.NewProviders(s.Databases)
	for _, name := range []string{"a", "b"} {
		_, err := providers.Put(t.Context(), tenant, dcoder.Provider{Name: name, Dialect: "openai", BaseURL: "https://x"}, "sk-"+name)
		require.NoError(t, err)
	}
	require.NoError(t, s.InTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE providers SET secret = (SELECT secret FROM providers WHERE name = 'a') WHERE name = 'b'")
		return err
	}))
	grant, err := providers.Grant(t.Context(), tenant, "a")
	require.NoError(t, err)
	assert.Equal(t, "sk-a", grant.Secret)
	_, err = providers.Grant(t.Context(), tenant, "b")
	assert.Equal(t, 500, dcoder.AsError(err).Status)
}

func TestLimitsOfAKey(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	key := dcoder.VirtualKey{ID: dcoder.NewKeyID(), Name: "x", Role: dcoder.RoleService, User: "ann", Created: time.Now()}
	require.NoError(t, postgres.NewLimits(s.Databases).Replace(t.Context(), tenant, []dcoder.Limit{
		{Scope: "key", Metric: "tokens", Window: "day", Max: 10, Action: "deny"},
		{Scope: "user", Subject: "bob", Metric: "tokens", Window: "day", Max: 20, Action: "deny"},
		{Scope: "user", Metric: "tokens", Window: "day", Max: 30, Action: "deny"},
		{Scope: "group", Metric: "tokens", Window: "day", Max: 40, Action: "deny"},
		{Scope: "tenant", Metric: "money", Window: "month", Max: 50, Action: "alert"},
	}))
	require.NoError(t, postgres.NewKeys(s.Databases).Create(t.Context(), tenant, key, dcoder.HashedKey{ID: key.ID, Hash: []byte("h"), PepperID: "p"},
		[]dcoder.Limit{{Scope: "key", Subject: key.ID, Metric: "tokens", Window: "day", Max: 5, Action: "deny"}}))
	snap, err := s.Build(t.Context(), tenant, key.ID)
	require.NoError(t, err)
	got := map[dcoder.Scope]dcoder.Limit{}
	for _, l := range snap.Limits {
		l.Alerts = nil
		got[l.Scope] = l
	}
	assert.Equal(t, map[dcoder.Scope]dcoder.Limit{
		"key":    {Scope: "key", Subject: key.ID, Metric: "tokens", Window: "day", Max: 5, Action: "deny"}, // its own in place of each key's
		"user":   {Scope: "user", Subject: "ann", Metric: "tokens", Window: "day", Max: 30, Action: "deny"},
		"tenant": {Scope: "tenant", Metric: "money", Window: "month", Max: 50, Action: "alert"},
	}, got)
}
