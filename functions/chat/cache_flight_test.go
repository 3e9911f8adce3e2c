package chat_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
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
)

// fleet is several processes of one tenant before one provider.
func fleet(t testing.TB, n int, change ...func(*llmtest.Options)) []*llmtest.Bench {
	t.Helper()
	o := llmtest.Options{Sealer: sealer(t)}
	for _, c := range change {
		c(&o)
	}
	all := []*llmtest.Bench{serveCached(t, o)}
	o.Tenant, o.Upstream = all[0].Tenant, all[0].Sim.Handler()
	for len(all) < n {
		b := serveCached(t, o)
		b.Sim = all[0].Sim
		all = append(all, b)
	}
	for _, b := range all[1:] { // one service, however it is reached
		b.Change(func(s *dcoder.Snapshot) { s.Providers = all[0].Snapshot().Providers })
	}
	return all
}

// TestEqualCallsAtOnceAreOneCall: in all processes together the provider is
// called once, and every answer is whole.
func TestEqualCallsAtOnceAreOneCall(t *testing.T) {
	for name, row := range map[string]struct {
		route string
		first llmsim.Latency
	}{
		"at once":           {"/v1/chat/completions", llmsim.Latency{}},
		"slow":              {"/v1/chat/completions", llmsim.Latency{Headers: pace(600), PerToken: pace(10)}},
		"slow messages":     {"/v1/messages", llmsim.Latency{Headers: pace(600), PerToken: pace(10)}},
		"slow responses":    {"/v1/responses", llmsim.Latency{FirstToken: pace(600), PerToken: pace(10)}},
		"slow, from a text": {"/v1/completions", llmsim.Latency{FirstToken: pace(300), PerToken: pace(10)}},
	} {
		t.Run(name, func(t *testing.T) {
			all := fleet(t, 4)
			all[0].Sim.SetLatency(row.first)
			const calls = 60
			rush(t, all, row.route, calls)
			all[0].Seen(1)
			rows, hits := 0, 0
			for _, b := range all {
				require.Eventually(t, func() bool { return len(b.All()) > 0 }, waiting, tick)
			}
			require.Eventually(t, func() bool {
				rows, hits = 0, 0
				for _, b := range all {
					for _, r := range b.All() {
						rows++
						if r.Cache == "hit-exact" {
							hits++
							require.Zero(t, r.Cost)
						}
					}
				}
				return rows == calls
			}, waiting, tick, "a row for each")
			require.Equal(t, calls-1, hits, "one leads and pays")
		})
	}
}

func pace(ms int) llmsim.Duration { return llmsim.Duration(time.Duration(ms) * time.Millisecond) }

// rush sends the same call so many times at once, whole and streamed, and checks
// every answer.
func rush(t *testing.T, all []*llmtest.Bench, route string, calls int) {
	t.Helper()
	var wg sync.WaitGroup
	texts, ids := sync.Map{}, sync.Map{}
	for i := range calls {
		wg.Go(func() {
			stream := i%2 == 0
			resp, raw := send(t, all[i%len(all)], route, fmt.Sprintf(routes[route], modelOf(route), stream, strconv.Itoa(i)))
			if !check(t, resp.StatusCode == 200, raw) {
				return
			}
			s := told(t, route, raw, stream)
			texts.Store(s.text, true)
			if _, there := ids.LoadOrStore(s.id, true); there && route != "/v1/completions" {
				t.Errorf("two answers have the id %s", s.id)
			}
		})
	}
	wg.Wait()
	n := 0
	texts.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 1, n, "all say the same")
}

func modelOf(route string) string {
	if route == "/v1/messages" {
		return "claude-sonnet-4-5"
	}
	return "gpt-4o-mini"
}

func check(t *testing.T, good bool, said string) bool {
	t.Helper()
	if !good {
		t.Errorf("%s", said)
	}
	return good
}

// TestFollowersGetTheStreamAsItComes, in the same process and in another one,
// also when the client of the call that leads has hung up.
func TestFollowersGetTheStreamAsItComes(t *testing.T) {
	all := fleet(t, 2)
	all[0].Sim.SetLatency(llmsim.Latency{PerToken: pace(40)})
	const route = "/v1/chat/completions"
	body := func(who string) string { return fmt.Sprintf(routes[route], "gpt-4o-mini", true, who) }
	ctx, hangUp := context.WithCancel(t.Context())
	lead := open(ctx, t, all[0], route, body("lead"))
	defer lead.Body.Close()
	require.Equal(t, "miss", lead.Header.Get("X-Cache"))
	followers := []*http.Response{open(t.Context(), t, all[0], route, body("near")), open(t.Context(), t, all[1], route, body("far"))}
	for _, f := range followers {
		defer f.Body.Close()
		require.Equal(t, "hit-exact", f.Header.Get("X-Cache"))
		first := make([]byte, 64)
		_, err := io.ReadFull(f.Body, first)
		require.NoError(t, err)
		require.Equal(t, llmsim.StateRunning, all[0].Sim.Requests(0)[0].State, "while the provider still talks")
		f.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(strings.NewReader(string(first)), f.Body), f.Body}
	}
	hangUp()
	text := ""
	for _, f := range followers {
		raw, err := io.ReadAll(f.Body)
		require.NoError(t, err)
		s := told(t, route, string(raw), true)
		require.NotEmpty(t, s.text)
		require.True(t, text == "" || text == s.text)
		text = s.text
	}
	require.Equal(t, llmsim.StateCompleted, all[0].Seen(1)[0].State)
	var leader dcoder.UsageRecord
	for _, r := range all[0].Rows(2) {
		if r.Cache == "miss" {
			leader = r
		} else {
			require.Zero(t, r.Cost)
			require.Equal(t, dcoder.UsageFinal, r.State)
		}
	}
	require.Equal(t, dcoder.UsageCancelled, leader.State)
	require.EqualValues(t, all[0].Seen(1)[0].Output, leader.Tokens.Output, "it pays for all of it")
	require.Positive(t, leader.Cost)
	settled(t, all[0])
}

// TestNobodyFollows: then a client that hangs up ends its call, and frees the
// claim.
func TestNobodyFollows(t *testing.T) {
	b := serveCached(t, llmtest.Options{})
	b.Sim.SetLatency(llmsim.Latency{PerToken: pace(50)})
	ctx, hangUp := context.WithCancel(t.Context())
	resp := open(ctx, t, b, "/v1/chat/completions", asking("gpt-4o-mini", true, ""))
	_, err := io.ReadFull(resp.Body, make([]byte, 16))
	require.NoError(t, err)
	hangUp()
	_ = resp.Body.Close()
	require.Equal(t, llmsim.StateAborted, b.Seen(1)[0].State)
	b.Sim.SetLatency(llmsim.Latency{})
	resp, raw := send(t, b, "/v1/chat/completions", asking("gpt-4o-mini", true, ""))
	require.Equal(t, "miss", resp.Header.Get("X-Cache"), raw)
	b.Seen(2)
}

// TestWhoLeadsFails: then those who followed call by themselves.
func TestWhoLeadsFails(t *testing.T) {
	all := fleet(t, 2, func(o *llmtest.Options) { o.Coats = func(c *llm.Coats) { c.RetryMost = 1 } })
	require.NoError(t, all[0].Sim.Inject(llmsim.Fault{Kind: llmsim.KindStatus, Status: 500, Count: 1, Latency: llmsim.Latency{Headers: pace(700)}}))
	codes := sync.Map{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			resp, _ := send(t, all[i%2], "/v1/chat/completions", asking("gpt-4o-mini", i%4 < 2, ""))
			n, _ := codes.LoadOrStore(resp.StatusCode, new(sync.Map))
			n.(*sync.Map).Store(i, true)
		})
	}
	wg.Wait()
	failed := 0
	codes.Range(func(code, who any) bool {
		who.(*sync.Map).Range(func(any, any) bool {
			if code != 200 {
				failed++
			}
			return true
		})
		return true
	})
	require.Equal(t, 1, failed, "only the call that led")
}

// TestRedisForgetsTheFlight in the middle of a shared call: nobody gets a bad
// answer.
func TestRedisForgetsTheFlight(t *testing.T) {
	all := fleet(t, 2)
	all[0].Sim.SetLatency(llmsim.Latency{Headers: pace(800), PerToken: pace(20)})
	ended, end := context.WithCancel(t.Context())
	defer end()
	go func() {
		again := time.NewTicker(50 * time.Millisecond)
		defer again.Stop()
		for ended.Err() == nil { // every claim, and what was told, again and again
			<-again.C
			if keys, err := all[0].Redis.Keys(context.Background(), "{"+all[0].Tenant+"}:flight:*").Result(); err == nil && len(keys) > 0 {
				all[0].Redis.Del(context.Background(), keys...)
			}
		}
	}()
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			resp, raw := send(t, all[i%2], "/v1/chat/completions", asking("gpt-4o-mini", i%4 < 2, ""))
			if check(t, resp.StatusCode == 200, raw) && !strings.Contains(raw, "upstream_cut") {
				told(t, "/v1/chat/completions", raw, i%4 < 2)
			}
		})
	}
	wg.Wait()
}
