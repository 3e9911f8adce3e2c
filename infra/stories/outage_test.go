package stories

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// TestOutages takes one server after the other from under a running platform.
func TestOutages(t *testing.T) {
	p := start(t)
	_, base := p.chat("DCODER_JOURNAL_DIR=" + t.TempDir())
	t.Run("NATS is down", func(t *testing.T) { withoutNATS(t, p, base) })
	t.Run("Postgres is down", func(t *testing.T) { withoutPostgres(t, p) })
	t.Run("Redis loses everything", func(t *testing.T) { redisLoses(t, p, base) })
	t.Run("Redis is down", func(t *testing.T) { withoutRedis(t, p, base) })
}

// reply is one answer to a completion.
type reply struct {
	id     string
	status int
	header http.Header
	body   string
}

// complete asks a process for a completion.
func complete(t testing.TB, base, key string, most int) (r reply) {
	t.Helper()
	r = completion(context.Background(), base, key, most)
	require.NotZero(t, r.status, r.body)
	return r
}

// completion is complete for any goroutine: without an answer the status is 0.
func completion(ctx context.Context, base, key string, most int) (r reply) {
	r.id = dcoder.NewID()
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	raw, _ := json.Marshal(ask(most)) // of plain values
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/chat/completions", strings.NewReader(string(raw)))
	if err != nil {
		return r
	}
	q.Header.Set("Authorization", "Bearer "+key)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Cache-Control", "no-store") // it is about calls: the same question is asked again and again
	q.Header.Set("X-Request-Id", r.id)
	answer, err := streaming.Do(q)
	if err != nil {
		r.body = err.Error()
		return r
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		r.body = err.Error()
		return r
	}
	r.status, r.header, r.body = answer.StatusCode, answer.Header, string(body)
	return r
}

// answered asks several processes in turn and returns the ids of what they
// answered, which must be 200 every time.
func answered(t testing.TB, key string, each int, bases ...string) (ids []string) {
	t.Helper()
	for range each {
		for _, base := range bases {
			r := complete(t, base, key, 8)
			require.Equal(t, 200, r.status, r.body)
			ids = append(ids, r.id)
		}
	}
	return ids
}

// once holds that each call gets exactly one row: all are there, and when the row
// of a later call is there too, there is still no other.
func once(t testing.TB, admin *caller, base string, ids []string) {
	t.Helper()
	all := func() bool {
		rows := admin.rowsByRequest()
		for _, id := range ids {
			if r, ok := rows[id]; !ok || r.State != "final" {
				return false
			}
		}
		return true
	}
	require.Eventually(t, all, 2*patience, 100*time.Millisecond, "every call has a row")
	ids = append(ids, answered(t, admin.key, 1, base)...)
	require.Eventually(t, all, patience, 100*time.Millisecond, "so has a later one")
	require.Len(t, admin.rows(), len(ids), "and there are no others")
}

func withoutNATS(t *testing.T, p *platform, base string) {
	admin, _, _ := p.newTenant("No broker")
	ids := answered(t, admin.key, 1, p.base, base)
	p.nats.Stop()
	ids = append(ids, answered(t, admin.key, 20, p.base, base)...)
	p.nats.Start()
	ids = append(ids, answered(t, admin.key, 1, p.base, base)...)
	begun := time.Now()
	once(t, admin, base, ids)
	t.Logf("%d calls, %d of them without NATS: one row each, %s after its return", len(ids), 40, time.Since(begun).Round(time.Millisecond))
}

// withoutPostgres asks a process that has the key in memory, and one that was
// started during the outage and finds it in Redis only.
func withoutPostgres(t *testing.T, p *platform) {
	admin, _, _ := p.newTenant("No database")
	ids := answered(t, admin.key, 2, p.base)
	p.postgres.Stop()
	_, young := p.chat("DCODER_JOURNAL_DIR=" + t.TempDir())
	ids = append(ids, answered(t, admin.key, 20, p.base, young)...)
	p.postgres.Start()
	begun := time.Now()
	once(t, admin, young, ids)
	t.Logf("%d calls, %d of them without Postgres: one row each, %s after its return", len(ids), 40, time.Since(begun).Round(time.Millisecond))
}

// redisLoses holds that a budget that denies is never passed, whatever Redis
// forgets in the middle, and that calls go on soon after.
func redisLoses(t *testing.T, p *platform, base string) {
	admin, _, credential := p.newTenant("Forgetful")
	const length, calls = 40, 300
	worth := price.Cost(price.Find("openai", model), &dcoder.Tokens{Input: 10, Output: length})
	budget := calls * worth
	p.slowly(credential, "5ms", length)
	require.Equal(t, 200, admin.call("PUT", "/v1/quotas", map[string]any{"limits": []any{map[string]any{
		"scope": "tenant", "metric": "money", "window": "month", "max": budget, "action": "deny",
	}}}, nil))

	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	var good, refused atomic.Int64
	var lost, back atomic.Pointer[time.Time]
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				r := completion(ctx, []string{p.base, base}[i%2], admin.key, length)
				switch {
				case r.status == 200:
					good.Add(1)
					if at := lost.Load(); at != nil && began.After(*at) {
						now := time.Now()
						back.CompareAndSwap(nil, &now)
					}
				case r.status == 429 && strings.Contains(r.body, "budget_exceeded"):
					refused.Add(1)
					return
				}
			}
		})
	}
	require.Eventually(t, func() bool { return good.Load() >= calls/4 }, patience, 5*time.Millisecond)
	options, err := goredis.ParseURL(p.redis.URL())
	require.NoError(t, err)
	client := goredis.NewClient(options)
	defer func() { _ = client.Close() }()
	before := good.Load()
	require.NoError(t, client.FlushAll(ctx).Err())
	at := time.Now()
	lost.Store(&at)
	all.Wait()
	require.NoError(t, ctx.Err(), "the budget was never reached: %d calls", good.Load())
	require.NotNil(t, back.Load(), "no call was answered after the loss")

	require.Eventually(t, func() bool { return len(admin.rows()) >= int(good.Load()+refused.Load()) }, patience, 100*time.Millisecond, "every call has a row")
	spent, really := spending(admin.rows()), p.worth(t, credential)
	t.Logf("budget %d: rows say %d, the provider served %d; %d calls before the loss, %d after; first answer %s after it",
		budget, spent, really, before, good.Load()-before, back.Load().Sub(at).Round(time.Millisecond))
	require.LessOrEqual(t, spent, budget)
	require.LessOrEqual(t, really, budget)
}

func spending(rows []row) (sum int64) {
	for _, r := range rows {
		sum += r.Cost
	}
	return sum
}

// worth is what the simulator served to a credential, in micro-units.
func (p *platform) worth(t testing.TB, credential string) (sum int64) {
	for _, s := range p.seen(t, credential) {
		if s.Served > 0 {
			sum += price.Cost(price.Find("openai", model), &dcoder.Tokens{Input: int64(s.Input), Output: int64(s.Served)})
		}
	}
	return sum
}

// withoutRedis holds that nothing is given away while limits cannot be checked,
// that the caller is told so in its own envelope, and that it passes by itself.
func withoutRedis(t *testing.T, p *platform, base string) {
	admin, _, _ := p.newTenant("No ledger")
	ids := answered(t, admin.key, 2, p.base, base)
	p.redis.Stop()
	for _, at := range []string{p.base, base} {
		for range 3 {
			r := complete(t, at, admin.key, 8)
			require.Equal(t, 503, r.status, r.body)
			require.NotEmpty(t, r.header.Get("Retry-After"))
			var body struct {
				Error struct{ Message, Type, Code string }
			}
			require.NoError(t, json.Unmarshal([]byte(r.body), &body), r.body)
			require.NotEmpty(t, body.Error.Message)
			require.NotEmpty(t, body.Error.Type)
			require.NotEmpty(t, body.Error.Code)
		}
	}
	p.redis.Start()
	begun := time.Now()
	for _, at := range []string{p.base, base} {
		require.Eventually(t, func() bool {
			r := complete(t, at, admin.key, 8)
			if r.status == 200 {
				ids = append(ids, r.id)
			}
			return r.status == 200
		}, patience, 50*time.Millisecond)
	}
	t.Logf("both processes answer again %s after the return of Redis", time.Since(begun).Round(time.Millisecond))
	require.Eventually(t, func() bool {
		rows := admin.rowsByRequest()
		for _, id := range ids {
			if rows[id].State != "final" {
				return false
			}
		}
		return true
	}, patience, 100*time.Millisecond)
}
