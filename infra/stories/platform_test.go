package stories

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

const (
	model    = "gpt-4o-mini"
	embedder = "text-embedding-3-small"
	patience = 90 * time.Second // of a condition, on a busy machine
)

// platform is what make dev starts, on servers of the test's own.
type platform struct {
	t   testing.TB
	env []string
	bin string // folder of the programs

	redis    *stacktest.RedisServer
	nats     *stacktest.NATSServer
	postgres *stacktest.PostgresServer

	base, sim string
	owner     *caller
	admin     *caller // of the demo tenant
	tenant    string
}

func start(t testing.TB) *platform {
	t.Helper()
	p := &platform{
		t: t, bin: built(t), redis: stacktest.OwnRedis(t), nats: stacktest.OwnNATS(t), postgres: stacktest.OwnPostgres(t),
	}
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	peppers, err := auth.NewPeppers()
	require.NoError(t, err)
	local := t.TempDir()
	p.env = append(os.Environ(),
		"PORT=0", "DCODER_HOST=127.0.0.1", "DCODER_LOG_FORMAT=text", "DCODER_LOG_LEVEL=info",
		"DCODER_LOCAL="+local, "DCODER_JOURNAL_DIR="+filepath.Join(local, "journal"),
		"DCODER_CONTROL_DSN="+p.postgres.ControlDSN(), "DCODER_CREATOR_DSN="+p.postgres.CreatorDSN(),
		"DCODER_REDIS_URL="+p.redis.URL(), "DCODER_NATS_URL="+p.nats.URL(), "DCODER_KEK="+keyset, "DCODER_PEPPERS="+peppers,
		"DCODER_EVENT_SECRETS="+dcoder.NewID(), "DCODER_EGRESS_ALLOW=127.0.0.0/8",
		"DCODER_TEMPORAL_ADDRESS="+stacktest.Env(t).TemporalAddress, "DCODER_TEMPORAL_TASK_QUEUE=stories-"+dcoder.NewID(),
		"OPENAI_API_KEY=", "GROQ_API_KEY=",
	)
	dev := p.run("dev")
	kept := filepath.Join(local, "dev.env")
	dev.until("the demo tenant is there", func() bool { return fileExists(kept) })
	p.read(kept)
	return p
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (p *platform) read(kept string) {
	p.t.Helper()
	raw, err := os.ReadFile(kept)
	require.NoError(p.t, err)
	values := map[string]string{}
	for _, line := range strings.Split(string(raw), "\n") {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	p.base, p.sim, p.tenant = values["DCODER_BASE_URL"], values["DCODER_SIMULATOR_URL"], values["DCODER_TENANT_ID"]
	p.owner = &caller{p.t, p.base, values["DCODER_OWNER_KEY"]}
	p.admin = &caller{p.t, p.base, values["DCODER_API_KEY"]}
}

// newTenant makes a tenant whose provider is the simulator under a secret of its
// own, by which the simulator's books know it.
func (p *platform) newTenant(name string) (admin *caller, tenant, credential string) {
	p.t.Helper()
	var made struct {
		ID       string `json:"id"`
		State    string `json:"state"`
		AdminKey struct {
			Secret string `json:"secret"`
		} `json:"adminKey"`
	}
	require.Equal(p.t, 201, p.owner.call("POST", "/v1/tenants", map[string]any{"name": name}, &made))
	admin, credential = &caller{p.t, p.base, made.AdminKey.Secret}, "sk-"+dcoder.NewID()
	require.Equal(p.t, 200, admin.call("PUT", "/v1/providers/openai", map[string]any{
		"dialect": "openai", "baseUrl": p.sim + "/v1", "secret": credential,
	}, nil))
	return admin, made.ID, credential
}

// simulate tells the simulator how to behave.
func (p *platform) simulate(what string, v any) {
	p.t.Helper()
	sim := &caller{p.t, p.sim, "none"}
	require.Equal(p.t, 204, sim.call("POST", "/_sim/"+what, v, nil))
}

var builtOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "stories")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/", "../../functions/cmd/dev", "../../functions/cmd/chat").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(out)
	}
	return dir, err
})

func built(t testing.TB) string {
	t.Helper()
	dir, err := builtOnce()
	require.NoError(t, err)
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := builtOnce(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// process is a running program of the platform.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  *log
	done chan struct{}
}

func (p *platform) run(name string, env ...string) *process {
	p.t.Helper()
	x := &process{t: p.t, cmd: exec.Command(filepath.Join(p.bin, name)), log: &log{}, done: make(chan struct{})}
	x.cmd.Env, x.cmd.Stdout, x.cmd.Stderr = append(p.env, env...), x.log, x.log
	x.cmd.SysProcAttr = endWithTest()
	require.NoError(p.t, x.cmd.Start())
	go func() { _ = x.cmd.Wait(); close(x.done) }()
	p.t.Cleanup(func() {
		x.end()
		if p.t.Failed() {
			p.t.Logf("what %s said last:\n%s", name, x.log.tail())
		}
	})
	return x
}

// chat runs the function chat as a process of its own and returns its address.
func (p *platform) chat(env ...string) (*process, string) {
	p.t.Helper()
	x := p.run("chat", env...)
	x.until("chat listens", func() bool { return x.address() != "" })
	return x, x.address()
}

func (x *process) address() string {
	_, rest, _ := strings.Cut(x.log.String(), "address=")
	address, _, ok := strings.Cut(rest, "\n")
	if !ok || address == "" {
		return ""
	}
	address, _, _ = strings.Cut(address, " ")
	return "http://" + address
}

func (x *process) signal(s syscall.Signal) {
	x.t.Helper()
	require.NoError(x.t, x.cmd.Process.Signal(s))
}

// kill is kill -9.
func (x *process) kill() {
	_ = x.cmd.Process.Kill()
	<-x.done
}

func (x *process) end() {
	_ = x.cmd.Process.Signal(syscall.SIGCONT)
	_ = x.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-x.done:
	case <-time.After(20 * time.Second):
		x.kill()
	}
}

// until waits for the condition, or for the end of the process.
func (x *process) until(what string, is func() bool) {
	x.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-x.done:
			require.FailNow(x.t, "the process ended before "+what, x.log.tail())
		case <-deadline:
			require.FailNow(x.t, "never: "+what, x.log.tail())
		}
	}
}

// log is what a process said.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *log) tail() string {
	s := l.String()
	return s[max(0, len(s)-4000):]
}

// caller calls routes with a key.
type caller struct {
	t    testing.TB
	base string
	key  string
}

func (c *caller) call(method, path string, in, out any, headers ...string) int {
	c.t.Helper()
	status, raw := c.raw(method, path, in, headers...)
	if out != nil {
		require.NoError(c.t, json.Unmarshal(raw, out), "%s %s: %d %s", method, path, status, raw)
	}
	return status
}

func (c *caller) raw(method, path string, in any, headers ...string) (int, []byte) {
	c.t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		require.NoError(c.t, err)
		body = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	require.NoError(c.t, err)
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cache-Control", "no-store") // it is about calls: the same question is asked again and again
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	return answer.StatusCode, raw
}

// row is what a usage row shows.
type row struct {
	RequestID string `json:"requestId"`
	Status    int    `json:"status"`
	State     string `json:"state"`
	Estimated bool   `json:"estimated"`
	Cost      int64  `json:"cost"`
	Tokens    struct {
		Input  int64 `json:"input"`
		Output int64 `json:"output"`
	} `json:"tokens"`
}

// rows returns all usage rows of the caller's tenant.
func (c *caller) rows() []row {
	c.t.Helper()
	var all []row
	cursor := ""
	for {
		var page struct {
			Items      []row  `json:"items"`
			NextCursor string `json:"nextCursor"`
		}
		require.Equal(c.t, 200, c.call("GET", "/v1/usage?view=rows&limit=200&cursor="+cursor, nil, &page))
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}
