package upgrade

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// platform is two versions of the gateway on one set of servers, with databases
// that today's migrations made, and today's dispatcher and usage behind them.
type platform struct {
	*postgrestest.Site
	t       *testing.T
	peppers *auth.Peppers
	sim     *llmsim.Server
	simURL  string
	old     *process
	today   *process

	oldUsage, usage *process // one at a time, at one address
}

func start(t *testing.T) *platform {
	folder, ref := checkout(t)
	server, broker := stacktest.OwnRedis(t), stacktest.OwnNATS(t)
	client, err := redis.Open(server.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	site := postgrestest.New(t, func(o *postgres.Options) { o.Generations = redis.NewShelf(client) })
	text, err := auth.NewPeppers()
	require.NoError(t, err)
	peppers, err := auth.ParsePeppers(text)
	require.NoError(t, err)
	p := &platform{Site: site, t: t, peppers: peppers, sim: llmsim.New(llmsim.Config{})}
	provider := httptest.NewServer(p.sim.Handler())
	t.Cleanup(provider.Close)
	p.simURL = provider.URL
	env := append(os.Environ(),
		"DCODER_CONTROL_DSN="+site.ControlDSN, "DCODER_KEK="+site.KEK, "DCODER_PEPPERS="+text, "DCODER_REDIS_URL="+server.URL(),
		"DCODER_NATS_URL="+broker.URL(), "DCODER_EVENT_SECRETS=a-secret", "DCODER_EGRESS_ALLOW=127.0.0.0/8",
		"DCODER_JOURNAL_DIR="+t.TempDir(), "DCODER_HOST=127.0.0.1", "DCODER_LOG_FORMAT=text")
	const here = "../.."
	p.old = newProcess(t, build(t, folder, "chat"), env)
	p.today = newProcess(t, build(t, here, "chat"), env)
	usage := newProcess(t, build(t, here, "usage"), env)
	former := *usage
	former.path, former.log = build(t, folder, "usage"), &lines{}
	p.usage, p.oldUsage = usage, &former
	dispatcher := newProcess(t, build(t, here, "dispatcher"), append(slices.Clone(env), "DCODER_FUNCTION_URL="+usage.base))
	for _, x := range []*process{p.old, p.today, usage, dispatcher} {
		x.start()
	}
	t.Logf("%s beside today's, on databases that today's migrations made", ref)
	return p
}

// client is a tenant's key.
type client struct {
	p           *platform
	tenant, key string
	text        string
	sent        map[string]bool // request ids
}

func (p *platform) newClient(limits ...dcoder.Limit) *client {
	p.t.Helper()
	ctx, tenant := p.t.Context(), p.NewTenant()
	k := dcoder.VirtualKey{ID: dcoder.NewKeyID(), Name: "test", User: "user1", Group: "group1", Role: dcoder.RoleMember, Created: time.Now().UTC()}
	issued, hashed := p.peppers.Issue(tenant, k.ID)
	require.NoError(p.t, postgres.NewKeys(p.Databases).Create(ctx, tenant, k, hashed, nil))
	require.NoError(p.t, postgres.NewLimits(p.Databases).Replace(ctx, tenant, limits))
	_, err := postgres.NewProviders(p.Databases).Put(ctx, tenant, dcoder.Provider{
		Name: "openai", Dialect: "openai", BaseURL: p.simURL + "/v1",
	}, "sk-"+tenant)
	require.NoError(p.t, err)
	return &client{p: p, tenant: tenant, key: k.ID, text: issued.Text, sent: map[string]bool{}}
}

// pace makes the provider's answers to the client slow.
func (c *client) pace(perToken time.Duration, tokens int) {
	c.p.t.Helper()
	require.NoError(c.p.t, c.p.sim.Inject(llmsim.Fault{
		Key: "sk-" + c.tenant, Kind: llmsim.KindSlow, Tokens: tokens, Latency: llmsim.Latency{PerToken: llmsim.Duration(perToken)},
	}))
}

// request builds a call under a request id of its own.
func (c *client) request(x *process, stream bool, headers ...string) (*http.Request, string) {
	id := dcoder.NewID()
	body := fmt.Sprintf(`{"model":"gpt-4o-mini","stream":%v,"messages":[{"role":"user","content":"Tell me a story."}]}`, stream)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, x.base+"/v1/chat/completions", bytes.NewReader([]byte(body)))
	require.NoError(c.p.t, err)
	r.Header.Set("Authorization", "Bearer "+c.text)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cache-Control", "no-store") // each is a call of a provider
	r.Header.Set("X-Request-Id", id)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r, id
}

// answer is what came of a call.
type answer struct {
	id     string
	status int
	header http.Header
	body   string
}

// ask calls once; a whole answer, streamed or not.
func (c *client) ask(x *process, stream bool, headers ...string) answer {
	r, id := c.request(x, stream, headers...)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{id: id, body: err.Error()}
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body) // a broken line leaves the end out
	return answer{id, res.StatusCode, res.Header, string(raw)}
}

// asked is ask for a call that is to succeed; its row is waited for later.
func (c *client) asked(x *process, stream bool) {
	c.p.t.Helper()
	a := c.ask(x, stream)
	require.Equal(c.p.t, 200, a.status, "%s: %s\n%s", x.path, a.body, x.log)
	if stream {
		require.Contains(c.p.t, a.body, "data: [DONE]")
	}
	c.sent[a.id] = true
}

// running begins a stream and returns once content came; whole tells whether it
// came to its good end.
func (c *client) running(x *process) (id string, whole func() bool) {
	c.p.t.Helper()
	r, id := c.request(x, true)
	res, err := http.DefaultClient.Do(r)
	require.NoError(c.p.t, err)
	require.Equal(c.p.t, 200, res.StatusCode)
	in := bufio.NewReader(res.Body)
	for {
		line, err := in.ReadString('\n')
		require.NoError(c.p.t, err)
		if strings.Contains(line, `"content":"`) && !strings.Contains(line, `"content":""`) {
			break
		}
	}
	c.sent[id] = true
	return id, func() bool {
		defer func() { _ = res.Body.Close() }()
		rest, err := io.ReadAll(in)
		return err == nil && strings.Contains(string(rest), "data: [DONE]")
	}
}

// rows returns the states of the tenant's rows by request id, without those of
// refusals; a request with two rows fails the test.
func (c *client) rows() map[string]string {
	out := map[string]string{}
	err := c.p.ReadTenant(context.Background(), c.tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(context.Background(), `SELECT request_id, state FROM usage WHERE status NOT IN (401, 429)`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, state string
			if err := rows.Scan(&id, &state); err != nil {
				return err
			}
			require.NotContains(c.p.t, out, id, "a request has two rows")
			out[id] = state
		}
		return rows.Err()
	})
	require.NoError(c.p.t, err)
	return out
}

// landed waits until every request has its row, and returns them.
func (c *client) landed() map[string]string {
	c.p.t.Helper()
	var rows map[string]string
	require.Eventually(c.p.t, func() bool {
		rows = c.rows()
		for id := range c.sent {
			if rows[id] == "" {
				return false
			}
		}
		return true
	}, 60*time.Second, 100*time.Millisecond, "every request has its row")
	require.Len(c.p.t, rows, len(c.sent))
	return rows
}
