package chat_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
	"github.com/d-coder-ai/dcoder/shared/secret"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// What makes the test binary a process that serves chat: tenant, provider and
// keyset, with spaces between.
const processEnv = "DCODER_CHAT_PROCESS"

// TestServesAsAProcess serves until its standard input ends.
func TestServesAsAProcess(t *testing.T) {
	parts := strings.SplitN(os.Getenv(processEnv), " ", 3)
	if len(parts) < 3 {
		t.Skip("only for the tests that start it")
	}
	b := llmtest.New(t, llmtest.Options{Tenant: parts[0], Sealer: vault(t, parts[2]), Snapshot: at(parts[1])}, serving)
	fmt.Println("serves " + b.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func vault(t testing.TB, keys string) llm.Sealer {
	t.Helper()
	kek, err := secret.ParseKeyset(keys)
	require.NoError(t, err)
	return secret.NewVault(kek)
}

// at has OpenAI's service at an address.
func at(url string) func(*dcoder.Snapshot) {
	return func(s *dcoder.Snapshot) {
		g := s.Providers["openai"]
		g.BaseURL = url + "/v1"
		s.Providers["openai"] = g
	}
}

// running is chat in processes of their own.
type running struct {
	sim  *llmsim.Server
	urls []string
	all  []*exec.Cmd
}

func run(t testing.TB, n int) *running {
	t.Helper()
	r := &running{sim: llmsim.New(llmsim.Config{})}
	provider := httptest.NewServer(r.sim.Handler())
	t.Cleanup(provider.Close)
	keys, err := secret.NewKeyset()
	require.NoError(t, err)
	tenant := stacktest.TenantID()
	for range n {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServesAsAProcess$")
		c.Env = append(os.Environ(), processEnv+"="+tenant+" "+provider.URL+" "+keys)
		in, err := c.StdinPipe()
		require.NoError(t, err)
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, c.Start())
		t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "serves "); ok {
				r.urls = append(r.urls, url)
				break
			}
		}
		go func() {
			for lines.Scan() { // to its end
			}
		}()
		r.all = append(r.all, c)
	}
	require.Len(t, r.urls, n)
	return r
}

// TestManyEqualCallsOverFourProcesses: as many as DCODER_CACHE_CALLS says at
// once are one call of the provider, and no bad answer.
func TestManyEqualCallsOverFourProcesses(t *testing.T) {
	calls, _ := strconv.Atoi(os.Getenv("DCODER_CACHE_CALLS"))
	if calls == 0 {
		calls = 100
	}
	r := run(t, 4)
	r.sim.SetLatency(llmsim.Latency{Headers: pace(300), PerToken: pace(5)})
	begun := time.Now()
	var wg sync.WaitGroup
	bad := sync.Map{}
	for i := range calls {
		wg.Go(func() {
			b := &llmtest.Bench{URL: r.urls[i%4]}
			resp, raw := send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", i%2 == 0, ""))
			if resp.StatusCode != 200 {
				bad.Store(i, raw)
				return
			}
			told(t, "/v1/chat/completions", raw, i%2 == 0)
		})
	}
	wg.Wait()
	n := 0
	bad.Range(func(_, raw any) bool { n++; t.Log(raw); return true })
	t.Logf("%d equal calls at once over 4 processes: %d of the provider, %d bad answers, %s", calls, len(r.sim.Requests(0)), n, time.Since(begun).Round(time.Millisecond))
	require.Zero(t, n)
	require.Len(t, r.sim.Requests(0), 1)
}

// TestWhoLeadsIsKilled: those who followed it from other processes call by
// themselves, or say that the answer broke off; nobody gets a bad one.
func TestWhoLeadsIsKilled(t *testing.T) {
	r := run(t, 2)
	r.sim.SetLatency(llmsim.Latency{Headers: pace(1500), PerToken: pace(5)})
	go func() { // its client is told nothing any more
		resp, err := post(t, r.urls[0], asking("gpt-4o-mini", false, ""))
		if err == nil {
			_ = resp.Body.Close()
		}
	}()
	require.Eventually(t, func() bool { return len(r.sim.Requests(0)) == 1 }, waiting, tick)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			b := &llmtest.Bench{URL: r.urls[1]}
			resp, raw := send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", i%2 == 0, ""))
			if check(t, resp.StatusCode == 200, raw) {
				told(t, "/v1/chat/completions", raw, i%2 == 0)
			}
		})
	}
	require.NoError(t, r.all[0].Process.Kill())
	wg.Wait()
	require.Len(t, r.sim.Requests(0), 2, "one more leads, for all that are left")
}
