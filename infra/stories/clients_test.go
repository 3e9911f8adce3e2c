package stories

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/local/nodepkg"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// target is what a client is pointed at: models of one provider, by the names
// that a client uses.
type target struct {
	Dialect string `json:"dialect"` // the column of the table
	Chat    string `json:"chat"`
	Think   string `json:"think"`
	Embed   string `json:"embed"`
	Busy    string `json:"busy"`   // is refused with 429
	Breaks  string `json:"breaks"` // breaks off inside a stream
}

// service is a provider that the tenant sets up, below the simulator's address.
type service struct {
	name, dialect, path string
	models              []string
}

const (
	// The gateway does not wait for so long, but lets the client know.
	busy     = "sim-status-429-retryafter-30s"
	breaking = "sim-tokens-40-error-5"
	scout    = "meta-llama/llama-4-scout-17b-16e-instruct"
	gptOSS   = "openai/gpt-oss-20b"
)

var services = []service{
	{"openai", "openai", "/v1", []string{"gpt-4o-mini", "gpt-5-mini", "text-embedding-3-small", busy, breaking}},
	{"anthropic", "anthropic", "/anthropic/v1", []string{"claude-sonnet-4-5", busy, breaking}},
	{"google", "google", "/v1beta", []string{"gemini-2.5-flash", "gemini-embedding-001", busy, breaking}},
	{"vertex", "vertex", "/v1/projects/p/locations/l", []string{
		"gemini-2.5-flash", "gemini-embedding-001", "claude-sonnet-4-5", busy, breaking,
	}},
	{"groq", "groq", "/openai/v1", []string{scout, gptOSS, busy, breaking}},
}

// targets are the columns: Vertex AI serves models of two vendors.
var targets = []target{
	at("OpenAI", "openai", "gpt-4o-mini", "gpt-5-mini", "text-embedding-3-small"),
	at("Anthropic", "anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5", "claude-sonnet-4-5"),
	at("Google", "google", "gemini-2.5-flash", "gemini-2.5-flash", "gemini-embedding-001"),
	at("Vertex Gemini", "vertex", "gemini-2.5-flash", "gemini-2.5-flash", "gemini-embedding-001"),
	at("Vertex Claude", "vertex", "claude-sonnet-4-5", "claude-sonnet-4-5", "claude-sonnet-4-5"),
	at("Groq", "groq", scout, gptOSS, scout),
}

func at(dialect, provider, chat, think, embed string) target {
	name := func(model string) string { return "llm." + provider + "." + model }
	return target{dialect, name(chat), name(think), name(embed), name(busy), name(breaking)}
}

// finding is what became of one feature.
type finding struct {
	Client  string
	Dialect string `json:"dialect"`
	Feature string `json:"feature"`
	Why     string `json:"why"` // it did not work; "" is that it did
}

// client is a library, or a program, that people use.
type client struct {
	name string
	run  func(t *testing.T, c *caller) []finding
}

// TestRealClients lets every client do all that it can on every provider, and
// holds docs/compatibility.md to what came of it.
func TestRealClients(t *testing.T) {
	p := start(t)
	admin := p.newClientTenant()
	ctx := bounded(t, 4*patience)
	require.NoError(t, nodepkg.Ensure(ctx, "node"))
	clients := allClients(ctx)
	found := make([][]finding, len(clients))
	t.Run("clients", func(t *testing.T) {
		for i, c := range clients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				found[i] = c.run(t, &caller{t, admin.base, admin.key})
				for j := range found[i] {
					found[i][j].Client = c.name
				}
			})
		}
	})
	compare(t, clients, found)
}

func allClients(ctx context.Context) []client {
	npm := func(name, script string, args ...string) client {
		return client{name, func(t *testing.T, c *caller) []finding { return runNode(ctx, t, c, script, args...) }}
	}
	vercel := "ai " + npmVersion("ai") + ", "
	return []client{
		{"openai-go " + goVersion("github.com/openai/openai-go/v3"), openAIFeatures.run},
		npm("openai "+npmVersion("openai")+" (npm)", "openai.mjs"),
		{"anthropic-sdk-go " + goVersion("github.com/anthropics/anthropic-sdk-go"), anthropicFeatures.run},
		npm("@anthropic-ai/sdk "+npmVersion("@anthropic-ai/sdk")+" (npm)", "anthropic.mjs"),
		npm(vercel+"@ai-sdk/openai "+npmVersion("@ai-sdk/openai")+" chat (npm)", "vercel.mjs", "chat"),
		npm(vercel+"@ai-sdk/openai "+npmVersion("@ai-sdk/openai")+" responses (npm)", "vercel.mjs", "responses"),
		npm(vercel+"@ai-sdk/anthropic "+npmVersion("@ai-sdk/anthropic")+" (npm)", "vercel.mjs", "messages"),
		{"Open WebUI's calls", webUIFeatures.run},
	}
}

// newClientTenant sets a tenant up as its administrator would, by routes alone.
func (p *platform) newClientTenant() *caller {
	p.t.Helper()
	admin, _, _ := p.newTenant("Clients")
	for _, s := range services {
		require.Equal(p.t, 200, admin.call("PUT", "/v1/providers/"+s.name, map[string]any{
			"dialect": s.dialect, "baseUrl": p.sim + s.path, "secret": "sk-" + dcoder.NewID(), "models": s.models,
		}, nil))
	}
	return admin
}

// runNode runs a script and reads a finding from each of its lines.
func runNode(ctx context.Context, t *testing.T, c *caller, script string, args ...string) []finding {
	t.Helper()
	said, err := json.Marshal(targets)
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join("clients", script)}, args...)...)
	cmd.Dir = "node"
	cmd.Env = append(os.Environ(), "DCODER_BASE_URL="+c.base, "DCODER_API_KEY="+c.key, "DCODER_TARGETS="+string(said))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, "%s", complaints.Bytes())
	var all []finding
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var f finding
		require.NoError(t, json.Unmarshal(lines.Bytes(), &f), "%s", lines.Bytes())
		all = append(all, f)
	}
	return all
}

// feature is what a client in Go can do; try fails through its TestingT.
type feature struct {
	name string
	try  func(t require.TestingT, ctx context.Context, c *caller, to target)
}

type features []feature

func (f features) run(t *testing.T, c *caller) []finding {
	t.Helper()
	ctx := bounded(t, patience)
	var all []finding
	for _, to := range targets {
		for _, x := range f {
			all = append(all, finding{Dialect: to.Dialect, Feature: x.name, Why: attempt(func(t require.TestingT) { x.try(t, ctx, c, to) })})
		}
	}
	return all
}

// attempted is a TestingT whose failure is a finding rather than the test's end.
type attempted struct{ said string }

type gaveUp struct{}

func (a *attempted) Errorf(format string, args ...any) { a.said += fmt.Sprintf(format, args...) }
func (a *attempted) FailNow()                          { panic(gaveUp{}) }

func attempt(try func(require.TestingT)) (why string) {
	a := &attempted{}
	defer func() {
		if r := recover(); r != nil && r != any(gaveUp{}) {
			a.said += fmt.Sprint("panic: ", r)
		}
		if _, said, ok := strings.Cut(a.said, "Error:"); ok { // behind the trace
			a.said = said
		}
		why = strings.Join(strings.Fields(a.said), " ")
	}()
	try(a)
	return ""
}

var npmVersion = reader(func() string { return filepath.Join("node", "package.json") }, func(text, name string) string {
	var p struct{ Dependencies map[string]string }
	_ = json.Unmarshal([]byte(text), &p)
	return p.Dependencies[name]
})

var goVersion = reader(func() string { return "../../go.mod" }, func(text, name string) string {
	_, rest, _ := strings.Cut(text, name+" v")
	version, _, _ := strings.Cut(rest, "\n")
	return version
})

func reader(path func() string, find func(text, name string) string) func(string) string {
	text := sync.OnceValue(func() string {
		raw, _ := os.ReadFile(path())
		return string(raw)
	})
	return func(name string) string { return find(text(), name) }
}
