package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/migrations"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/temporal"
)

// house is a platform of the test's own on the real servers: a control database,
// a broker, a task queue, and the program of this package as a child process.
type house struct {
	t         testing.TB
	site      *postgrestest.Site
	databases *postgres.Databases // opens what the worker sealed
	onboarder *temporal.Onboarder
	temporal  client.Client
	broker    string
	env       []string
}

func newHouse(t testing.TB) *house {
	t.Helper()
	stack := stacktest.Env(t)
	h := &house{t: t, site: postgrestest.New(t), broker: stacktest.OwnNATS(t).URL()}
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	kek, err := secret.ParseKeyset(keyset)
	require.NoError(t, err)
	h.databases, err = postgres.Open(postgres.Options{ControlDSN: h.site.ControlDSN, Vault: secret.NewVault(kek), Wait: 20 * time.Second})
	require.NoError(t, err)
	t.Cleanup(h.databases.Close)
	at := temporal.Options{Address: stack.TemporalAddress, TaskQueue: "test-" + dcoder.NewID()}
	h.temporal, err = temporal.NewClient(at)
	require.NoError(t, err)
	t.Cleanup(h.temporal.Close)
	h.onboarder = temporal.NewOnboarder(h.temporal, at)
	h.env = append(os.Environ(), "PORT=0", "DCODER_HOST=127.0.0.1", "DCODER_LOG_FORMAT=text",
		"DCODER_CONTROL_DSN="+h.site.ControlDSN, "DCODER_CREATOR_DSN="+h.site.CreatorDSN,
		"DCODER_REDIS_URL="+stack.RedisURL, "DCODER_NATS_URL="+h.broker, "DCODER_KEK="+keyset,
		"DCODER_TEMPORAL_ADDRESS="+at.Address, "DCODER_TEMPORAL_TASK_QUEUE="+at.TaskQueue,
		"DCODER_CREATE_STRATEGY=file_copy", "DCODER_TEMPLATES=test_tpl_"+migrations.Checksum(migrations.Tenant())+"_v")
	return h
}

// order is a new tenant's onboarding. What it makes is gone when the test ends.
func (h *house) order() dcoder.Onboarding {
	in := dcoder.Onboarding{
		Tenant: dcoder.NewTenantID(), Name: "Acme", Platform: dcoder.DefaultPlatform, Plan: "pooled",
		TimeZone: "Europe/Berlin", Currency: "EUR", RequestID: dcoder.NewID(), Actor: "owner0000001",
		Admin: dcoder.HashedKey{ID: dcoder.NewKeyID(), Hash: []byte("a keyed hash"), PepperID: "p1"},
	}
	h.t.Cleanup(func() { h.forget(in.Tenant) })
	return in
}

func (h *house) forget(tenant string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = h.temporal.TerminateWorkflow(ctx, dcoder.OnboardingID(tenant), "", "end of the test") // most have ended
	if err := h.site.Provisioner.Drop(ctx, tenant); err != nil && dcoder.AsError(err).Status != http.StatusNotFound {
		h.t.Errorf("drop tenant: %v", err)
	}
	r, err := redis.Open(stacktest.Env(h.t).RedisURL)
	require.NoError(h.t, err)
	defer func() { _ = r.Close() }()
	_ = r.Del(ctx, "{"+tenant+"}:l").Err()
}

// asWorker, in the environment, makes this test program be the worker.
const asWorker = "DCODER_TEST_WORKER=1"

func TestMain(m *testing.M) {
	if os.Getenv("DCODER_TEST_WORKER") != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is a running worker.
type process struct {
	cmd  *exec.Cmd
	log  *journal
	done chan error
}

func (h *house) start() *process {
	h.t.Helper()
	path, err := os.Executable()
	require.NoError(h.t, err)
	p := &process{cmd: exec.Command(path), log: &journal{}, done: make(chan error, 1)}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = append(h.env, asWorker), p.log, p.log
	require.NoError(h.t, p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	h.t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	err := <-p.done // says that it was killed
	p.done <- err
}

// terminate asks the worker to end, as an orchestrator does.
func (p *process) terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := <-p.done
	p.done <- nil
	return err
}

// address is where the worker's health routes are, once it said so.
func (p *process) address() string {
	_, rest, ok := strings.Cut(p.log.String(), "address=127.0.0.1:")
	if !ok {
		return ""
	}
	port, _, ok := strings.Cut(rest, "\n")
	if !ok {
		return ""
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port)
}

// journal is what a process said.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// count answers a question about the whole server, as its superuser.
func count(ctx context.Context, t testing.TB, c *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, c.QueryRow(ctx, sql, args...).Scan(&n))
	return n
}

// createdEvents is how often tenant.created was said of each tenant.
func (h *house) createdEvents(ctx context.Context) map[string]int {
	h.t.Helper()
	conn, err := nats.Connect(h.broker)
	require.NoError(h.t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(h.t, err)
	stream, err := js.Stream(ctx, "DCODER_EVENTS")
	require.NoError(h.t, err)
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter("dcoder.*.tenant.created"))
	require.NoError(h.t, err)
	seen := map[string]int{}
	for subject, n := range info.State.Subjects {
		seen[strings.Split(subject, ".")[1]] = int(n)
	}
	return seen
}
