package redis_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		work()
		return
	}
	goleak.VerifyTestMain(m)
}

// quiet is a logger for tests that make noise on purpose.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func open(t testing.TB, url string) goredis.UniversalClient {
	t.Helper()
	c, err := redis.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// patient is the address for tests in which Redis is well, on a machine that may not be.
func patient(url string) string {
	return url + "?dial_timeout=30s&read_timeout=30s&write_timeout=30s&pool_timeout=30s"
}

// tenant returns a new tenant's id; its keys are removed with the test.
func tenant(t testing.TB, c goredis.UniversalClient) string {
	t.Helper()
	id := stacktest.TenantID()
	t.Cleanup(func() {
		ctx := context.Background()
		for _, k := range []string{"l", "r", "x", "gen", "usage", "relay", "clock"} {
			c.Del(ctx, "{"+id+"}:"+k)
		}
		c.ZRem(ctx, "dcoder:active", id)
	})
	return id
}

// table is a durable usage table: what the outbox delivered, once for each row.
type table struct {
	mu     sync.Mutex
	rows   map[string]dcoder.UsageRecord
	events map[string]int // how often a row came, by id and revision
}

func newTable() *table {
	return &table{rows: map[string]dcoder.UsageRecord{}, events: map[string]int{}}
}

func (s *table) write(_, _ string, records []byte) {
	var rows []dcoder.UsageRecord
	if err := json.Unmarshal(records, &rows); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		s.events[fmt.Sprint(r.ID, "/", r.Revision)]++
		if old, ok := s.rows[r.ID]; !ok || r.Revision > old.Revision {
			s.rows[r.ID] = r
		}
	}
}

func (s *table) row(id string) (dcoder.UsageRecord, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.rows[id]
	return r, ok
}

func (s *table) all() []dcoder.UsageRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]dcoder.UsageRecord, 0, len(s.rows))
	for _, r := range s.rows {
		all = append(all, r)
	}
	return all
}

// SeedWith implements redis.ExactSeeder over the table.
func (s *table) SeedWith(_ context.Context, tenant, zone string, limits []dcoder.Limit, at time.Time, waiting []dcoder.UsageRecord) ([]int64, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := map[string]dcoder.UsageRecord{}
	for _, r := range waiting {
		rows[r.ID] = r
	}
	for id, r := range s.rows {
		rows[id] = r
	}
	sums := make([]int64, len(limits))
	for i, l := range limits {
		from := at.Add(-time.Minute)
		if l.Window != dcoder.WindowMinute {
			from, _ = l.Window.Bounds(at, loc)
		}
		for _, r := range rows {
			if r.Tenant == tenant && !r.Time.Before(from) && (l.Scope == dcoder.ScopeTenant || l.Subject == r.Key) {
				sums[i] += map[dcoder.Metric]int64{
					dcoder.MetricRequests: 1, dcoder.MetricTokens: r.Tokens.Input + r.Tokens.Output, dcoder.MetricMoney: r.Cost,
				}[l.Metric]
			}
		}
	}
	return sums, nil
}

// Seed implements redis.Seeder.
func (s *table) Seed(ctx context.Context, tenant, zone string, limits []dcoder.Limit, at time.Time) ([]int64, error) {
	return s.SeedWith(ctx, tenant, zone, limits, at, nil)
}

// newLedger returns a ledger whose rows reach the table at once.
func newLedger(t testing.TB, c goredis.UniversalClient, s *table, change ...func(*redis.Config)) *redis.Ledger {
	t.Helper()
	cfg := redis.Config{Client: c, Seeder: s, OnWritten: s.write, Log: quiet()}
	for _, f := range change {
		f(&cfg)
	}
	l := redis.NewLedger(cfg)
	t.Cleanup(l.Close)
	return l
}

func limit(scope dcoder.Scope, subject string, m dcoder.Metric, w dcoder.Window, most int64) dcoder.Limit {
	return dcoder.Limit{Scope: scope, Subject: subject, Metric: m, Window: w, Max: most, Action: dcoder.ActionDeny}
}

// admission asks for one call of key "k1".
func admission(tenant string, limits []dcoder.Limit, tokens, money int64) *llm.Admission {
	id := dcoder.NewID()
	return &llm.Admission{
		ID: id, Tenant: tenant, Key: "k1", Limits: limits, TimeZone: "UTC",
		Amounts: llm.Amounts{Requests: 1, Tokens: tokens, Money: money},
		Intent:  record(tenant, id, 0, 0),
	}
}

func record(tenant, id string, tokens, cost int64) *dcoder.UsageRecord {
	return &dcoder.UsageRecord{
		V: 1, ID: id, Attempt: 1, Revision: 1, RequestID: "r-" + id, Time: time.Now().UTC(), Tenant: tenant,
		Platform: dcoder.DefaultPlatform, Key: "k1", Route: "/v1/chat/completions", ModelAsked: "gpt", ModelServed: "gpt-5",
		Provider: "openai", State: dcoder.UsageFinal, Status: 200, Tokens: dcoder.Tokens{Output: tokens}, Cost: cost, Currency: "USD",
	}
}

func settlement(a *llm.Admission, v llm.Verdict, tokens, money int64) *llm.Settlement {
	r := *record(a.Tenant, a.ID, tokens, money)
	r.Time, r.Key = v.Time, a.Key
	return &llm.Settlement{
		Admission: a, Verdict: v, Used: llm.Amounts{Requests: 1, Tokens: tokens, Money: money}, Record: r,
	}
}

func drain(t testing.TB, l *redis.Ledger) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, l.Drain(ctx))
}

func remaining(t testing.TB, v llm.Verdict, m dcoder.Metric, w dcoder.Window) int64 {
	t.Helper()
	for _, r := range v.Room {
		if r.Limit.Metric == m && r.Limit.Window == w {
			return r.Remaining
		}
	}
	t.Fatalf("no room of %s a %s in %v", m, w, v.Room)
	return 0
}

// openCalls are the ids of the reservations that Redis holds.
func openCalls(t testing.TB, c goredis.UniversalClient, tenant string) (ids []string) {
	t.Helper()
	all, err := c.HKeys(context.Background(), "{"+tenant+"}:r").Result()
	require.NoError(t, err)
	for _, id := range all {
		if id[0] != '~' {
			ids = append(ids, id)
		}
	}
	return ids
}
