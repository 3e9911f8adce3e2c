package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/lambda/awssim"
	"github.com/d-coder-ai/dcoder/infra/lambda/runtimeapi"
	"github.com/d-coder-ai/dcoder/shared/auth"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

const patience = 90 * time.Second // of a condition, on a busy machine

// bootstraps compiles the programs once, as make lambda does but for this machine.
var bootstraps = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bootstraps")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-tags", tags, "-ldflags", "-s -w", "-o", dir+"/",
		"../../functions/cmd/chat", "../../functions/cmd/usage", "../../functions/cmd/dispatcher", "./faultytest")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("build the bootstraps: %w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := bootstraps(); dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// platform is what AWS would have around the functions: a database, Redis, and the
// services that awssim plays; there is no broker.
type platform struct {
	*postgrestest.Site
	t        *testing.T
	aws      *awssim.Server
	url      string // of aws
	peppers  *auth.Peppers
	provider *provider
}

func newPlatform(t *testing.T) *platform {
	server := stacktest.OwnRedis(t)
	client, err := redis.Open(server.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	site := postgrestest.New(t, func(o *postgres.Options) { o.Generations = redis.NewShelf(client) })
	text, err := auth.NewPeppers()
	require.NoError(t, err)
	p := &platform{Site: site, t: t, provider: newProvider(t)}
	p.peppers, err = auth.ParsePeppers(text)
	require.NoError(t, err)
	secret, err := json.Marshal(map[string]string{
		"DCODER_CONTROL_DSN": site.ControlDSN, "DCODER_KEK": site.KEK, "DCODER_PEPPERS": text, "DCODER_REDIS_URL": server.URL(), "DCODER_EVENT_SECRETS": dcoder.NewID(),
	})
	require.NoError(t, err)
	p.aws = &awssim.Server{Secrets: map[string]string{"dcoder/test": string(secret)}}
	front := httptest.NewServer(p.aws)
	t.Cleanup(front.Close)
	p.url = front.URL
	return p
}

// start runs a bootstrap as Lambda does; its secrets come from Secrets Manager.
func (p *platform) start(name string, env ...string) *runtimeapi.Program {
	p.t.Helper()
	path := program(p.t, name) // compiled first: that may take longer than any start
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	out, err := runtimeapi.Start(ctx, path, append([]string{
		"AWS_ENDPOINT_URL=" + p.url, "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "DCODER_SECRETS=dcoder/test",
		"DCODER_EVENT_QUEUES=usage.recorded=" + p.url + "/queue/usage", "DCODER_DEAD_LETTER_QUEUE=" + p.url + "/queue/dead",
		"DCODER_EGRESS_ALLOW=127.0.0.0/8", "DCODER_JOURNAL_DIR=" + p.t.TempDir(), "DCODER_LOG_FORMAT=text",
	}, env...))
	if out != nil {
		p.t.Cleanup(func() {
			out.Stop()
			if p.t.Failed() {
				p.t.Logf("what %s said:\n%s", name, out.Log())
			}
		})
	}
	require.NoError(p.t, err)
	p.t.Logf("%s: %.1f ms from exec to the first fetch", name, float64(out.Cold)/float64(time.Millisecond))
	return out
}

func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := bootstraps()
	require.NoError(t, err)
	return filepath.Join(dir, name)
}

// tenant makes a tenant with a key, whose provider is the test's.
func (p *platform) tenant() (id, key string) {
	p.t.Helper()
	ctx, tenant := p.t.Context(), p.NewTenant()
	k := dcoder.VirtualKey{ID: dcoder.NewKeyID(), Name: "test", User: "user1", Role: dcoder.RoleMember, Created: time.Now().UTC()}
	issued, hashed := p.peppers.Issue(tenant, k.ID)
	require.NoError(p.t, postgres.NewKeys(p.Databases).Create(ctx, tenant, k, hashed, nil))
	_, err := postgres.NewProviders(p.Databases).Put(ctx, tenant, dcoder.Provider{Name: "openai", Dialect: "openai", BaseURL: p.provider.URL + "/v1"}, "sk-"+tenant)
	require.NoError(p.t, err)
	return tenant, issued.Text
}

// completion is a streamed call through a function URL; each asks something else, so
// that none is answered from a cache.
func completion(key, id string) runtimeapi.Request {
	return runtimeapi.Request{
		Method: http.MethodPost, Path: "/v1/chat/completions", Body: `{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"hello ` + id + `"}]}`,
		Headers: map[string]string{"authorization": "Bearer " + key, "content-type": "application/json", "x-request-id": id},
	}
}

// rows returns the states of a tenant's usage rows by request id.
func (p *platform) rows(tenant string) map[string]string {
	p.t.Helper()
	out := map[string]string{}
	require.NoError(p.t, p.ReadTenant(p.t.Context(), tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(p.t.Context(), `SELECT request_id, state FROM usage`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, state string
			if err := rows.Scan(&id, &state); err != nil {
				return err
			}
			if _, twice := out[id]; twice {
				return errors.New("a request has two rows: " + id)
			}
			out[id] = state
		}
		return rows.Err()
	}))
	return out
}

// provider streams two words; before the second it waits to be told.
type provider struct {
	*httptest.Server
	next chan struct{}
}

func newProvider(t *testing.T) *provider {
	p := &provider{next: make(chan struct{}, 100)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		say := func(data string) {
			_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
			_ = http.NewResponseController(w).Flush()
		}
		word := `{"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"role":"assistant","content":%q},"finish_reason":%s}]}`
		say(fmt.Sprintf(word, "first", "null"))
		select {
		case <-p.next:
		case <-r.Context().Done():
			return
		}
		say(fmt.Sprintf(word, "second", `"stop"`))
		say(`{"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`)
		say("[DONE]")
	}))
	t.Cleanup(func() { p.CloseClientConnections(); p.Close() })
	return p
}

// until reads a body up to a word.
func until(t *testing.T, body interface{ Read([]byte) (int, error) }, word string) string {
	t.Helper()
	var all strings.Builder
	p := make([]byte, 4096)
	for !strings.Contains(all.String(), word) {
		n, err := body.Read(p)
		all.Write(p[:n])
		if err != nil && !strings.Contains(all.String(), word) {
			require.FailNow(t, "the answer ended before "+word, "%v: %s", err, all.String())
		}
	}
	return all.String()
}
