package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// stand is the way of usage from the ledger to the table with nothing left out:
// real servers, and the very programs that production runs.
type stand struct {
	*postgrestest.Site
	t          testing.TB
	redis      *stacktest.RedisServer
	nats       *stacktest.NATSServer
	client     goredis.UniversalClient
	environ    []string
	usage      *program
	dispatcher *program
}

// newStand makes a stand on its own Redis (an outbox is found through a list that
// all tenants of a Redis share) and its own NATS.
func newStand(t testing.TB, site *postgrestest.Site) *stand {
	s := &stand{Site: site, t: t, redis: stacktest.OwnRedis(t), nats: stacktest.OwnNATS(t)}
	client, err := redis.Open(s.redis.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	s.client = client
	peppers, err := auth.NewPeppers()
	require.NoError(t, err)
	s.usage = &program{t: t, path: built(t, "usage"), port: freePort(t)}
	s.dispatcher = &program{t: t, path: built(t, "dispatcher"), port: freePort(t)}
	s.environ = append(os.Environ(),
		"DCODER_CONTROL_DSN="+site.ControlDSN, "DCODER_KEK="+site.KEK, "DCODER_PEPPERS="+peppers,
		"DCODER_REDIS_URL="+s.redis.URL(), "DCODER_NATS_URL="+s.nats.URL(), "DCODER_EVENT_SECRETS=a-secret",
		fmt.Sprintf("DCODER_FUNCTION_URL=http://127.0.0.1:%d", s.usage.port),
		"DCODER_HOST=127.0.0.1", "DCODER_LOG_LEVEL=error")
	return s
}

// program is one process that a test starts and kills.
type program struct {
	t    testing.TB
	path string
	port int
	cmd  *exec.Cmd
}

func (p *program) start(environ []string) {
	p.t.Helper()
	p.cmd = exec.Command(p.path)
	p.cmd.Env = append(environ, fmt.Sprintf("PORT=%d", p.port))
	var log bytes.Buffer
	p.cmd.Stderr = &log
	require.NoError(p.t, p.cmd.Start())
	p.t.Cleanup(func() {
		p.kill()
		if p.t.Failed() {
			p.t.Logf("%s wrote:\n%s", p.path, log.String())
		}
	})
	require.Eventually(p.t, func() bool {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health/live", p.port))
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode == http.StatusOK
	}, 20*time.Second, 5*time.Millisecond)
}

// kill ends the process with SIGKILL.
func (p *program) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.cmd = nil
}

var builds sync.Map // program -> func() (path string, err error)

// built compiles a program once for all tests.
func built(t testing.TB, name string) string {
	t.Helper()
	once, _ := builds.LoadOrStore(name, sync.OnceValues(func() (string, error) {
		path := filepath.Join(programs, name)
		out, err := exec.Command("go", "build", "-o", path, "../"+name).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
		return path, nil
	}))
	path, err := once.(func() (string, error))()
	require.NoError(t, err)
	return path
}

var programs string // folder of compiled programs

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "dcoder-programs-")
	if err != nil {
		panic(err)
	}
	programs = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// call is one model call through the real ledger: admitted, then settled.
func call(t testing.TB, l *redis.Ledger, tenant string, i int) dcoder.UsageRecord {
	a := admission(tenant, i, time.Minute)
	v, err := l.Admit(context.Background(), a)
	require.NoError(t, err)
	require.True(t, v.Admitted)
	r := *a.Intent
	r.Time, r.Status, r.State = v.Time, 200, dcoder.UsageFinal
	r.Tokens, r.Cost = dcoder.Tokens{Input: int64(i%50 + 1), Output: int64(i%7 + 1)}, int64(i%90+1)
	l.Settle(&llm.Settlement{
		Admission: a, Verdict: v, Record: r,
		Used: llm.Amounts{Requests: 1, Tokens: r.Tokens.Input + r.Tokens.Output, Money: r.Cost},
	})
	return r
}

func admission(tenant string, i int, expires time.Duration) *llm.Admission {
	id := dcoder.NewID()
	return &llm.Admission{
		ID: id, Tenant: tenant, Key: "k1", TimeZone: "UTC", Expires: expires,
		Limits:  []dcoder.Limit{{Scope: dcoder.ScopeTenant, Metric: dcoder.MetricMoney, Window: dcoder.WindowMonth, Max: 1 << 40, Action: dcoder.ActionAlert}},
		Amounts: llm.Amounts{Requests: 1, Tokens: 60, Money: 100},
		Intent: &dcoder.UsageRecord{
			V: 1, ID: id, Attempt: 1, Revision: 1, RequestID: fmt.Sprint("req-", i), Time: time.Now().UTC(), Tenant: tenant,
			Platform: dcoder.DefaultPlatform, Key: fmt.Sprint("k", i%3), User: "u", Group: "g", Route: "/v1/chat/completions",
			ModelAsked: "m", ModelServed: "m", Provider: "openai", Currency: "USD",
		},
	}
}

// sums of rows: how many, tokens, money.
type sums [3]int64

func (s *sums) add(r dcoder.UsageRecord) {
	s[0]++
	s[1] += r.Tokens.Input + r.Tokens.Output
	s[2] += r.Cost
}

// rows sums the tenant's rows, and days what is kept of them by day.
func (s *stand) rows(tenant string) (rows, days sums) {
	_ = s.ReadTenant(context.Background(), tenant, func(tx pgx.Tx) error { // away servers are what is tested
		err := tx.QueryRow(context.Background(), `SELECT count(*), coalesce(sum(input_tokens + output_tokens), 0)::bigint, coalesce(sum(cost), 0)::bigint FROM usage`).
			Scan(&rows[0], &rows[1], &rows[2])
		if err != nil {
			return err
		}
		return tx.QueryRow(context.Background(), `SELECT coalesce(sum(requests), 0)::bigint, coalesce(sum(tokens), 0)::bigint, coalesce(sum(cost), 0)::bigint FROM usage_days WHERE scope = 'tenant'`).
			Scan(&days[0], &days[1], &days[2])
	})
	return rows, days
}

// waiting counts what the tenants' outboxes hold.
func (s *stand) waiting(tenants ...string) int {
	n := 0
	for _, tenant := range tenants {
		entries, err := redis.NewOutbox(s.client).Pending(context.Background(), tenant, 0, 100_000)
		require.NoError(s.t, err)
		n += len(entries)
	}
	return n
}

// settled waits until rows and days are what was sent, everything on the way is
// gone, and nothing was given up.
func (s *stand) settled(want map[string]*sums) {
	s.t.Helper()
	js := s.jetStream()
	require.Eventually(s.t, func() bool {
		for tenant, sent := range want {
			rows, days := s.rows(tenant)
			if rows != *sent || days != *sent || s.waiting(tenant) > 0 {
				return false
			}
		}
		return onLoan(js) == 0
	}, 150*time.Second, 50*time.Millisecond, "want %v", want)
	dead, err := js.Stream(context.Background(), "DCODER_DEAD")
	require.NoError(s.t, err)
	require.Zero(s.t, dead.CachedInfo().State.Msgs)
}

// onLoan counts what the broker still has for the function; -1 when it cannot be asked.
func onLoan(js jetstream.JetStream) int {
	n := 0
	for _, stream := range []string{"DCODER_EVENTS", "DCODER_RETRY"} {
		c, err := js.Consumer(context.Background(), stream, "usage")
		if err != nil {
			return -1
		}
		n += int(c.CachedInfo().NumPending) + c.CachedInfo().NumAckPending
	}
	return n
}

func (s *stand) jetStream() jetstream.JetStream {
	conn, err := natsgo.Connect(s.nats.URL(), natsgo.RetryOnFailedConnect(true), natsgo.MaxReconnects(-1))
	require.NoError(s.t, err)
	s.t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(s.t, err)
	return js
}
