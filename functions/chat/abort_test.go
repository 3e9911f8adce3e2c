package chat_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/llmtest"
)

// leaked is more memory than rows and the simulator's notes of 10,000 calls
// take, and far less than the buffers of as many streams.
const leaked = 64 << 20

// streamsOf are the routes that stream, and a body for each: with a model of each
// provider, forwarded ones and translated ones.
var streamsOf = []struct{ path, body string }{
	{"/v1/chat/completions", `{"model":"%s","stream":true,"messages":[{"role":"user","content":"Tell me about the sea."}]}`},
	{"/v1/messages", `{"model":"%s","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"Tell me about the sea."}]}`},
	{"/v1/responses", `{"model":"%s","stream":true,"store":false,"input":"Tell me about the sea."}`},
}

// TestAbortedStreams: clients hang up at any moment, 10,000 times, on every route
// and with every provider; every call has exactly one row, nothing is left
// running, and no memory is kept. DCODER_ABORTS sets how many.
func TestAbortedStreams(t *testing.T) {
	aborts := 10_000
	if n, err := strconv.Atoi(os.Getenv("DCODER_ABORTS")); err == nil {
		aborts = n
	}
	b := serveChat(t, llmtest.Options{})
	require.NoError(t, b.Sim.Inject(llmsim.Fault{Kind: llmsim.KindSlow, Tokens: 40, Latency: llmsim.Latency{PerToken: llmsim.Duration(time.Millisecond)}}))
	warm := 0
	for _, way := range streamsOf {
		for _, model := range everyProvider {
			answer, said := send(t, b, way.path, fmt.Sprintf(way.body, model), "Cache-Control", "no-store")
			require.Equal(t, http.StatusOK, answer.StatusCode, said)
			warm++
		}
	}
	b.Rows(warm)
	before, heap := settledGoroutines(b), liveHeap()

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var all sync.WaitGroup
	slots := make(chan struct{}, 64)
	for range aborts {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			abort(t, client, b.URL, rand.IntN(30))
		})
	}
	all.Wait()
	client.CloseIdleConnections()

	// A client that hangs up before its request was read leaves no row.
	seen := b.Sim.Requests(0)
	require.Eventually(t, func() bool {
		for _, s := range b.Sim.Requests(0) {
			if s.State == llmsim.StateRunning {
				return false
			}
		}
		return true
	}, 60*time.Second, 10*time.Millisecond)
	ids := map[string]bool{}
	var rows []dcoder.UsageRecord
	require.Eventually(t, func() bool {
		rows = b.All()
		return len(rows) >= len(seen)
	}, 60*time.Second, 10*time.Millisecond)
	for _, r := range rows {
		require.False(t, ids[r.ID], "two rows of one call")
		ids[r.ID] = true
		require.LessOrEqual(t, r.Tokens.Output, int64(40))
	}
	require.LessOrEqual(t, len(rows), aborts+warm)
	require.Eventually(t, func() bool { return settledGoroutines(b) <= before+10 }, 60*time.Second, 20*time.Millisecond,
		"goroutines: %d before, %d now", before, runtime.NumGoroutine())
	require.Less(t, liveHeap(), heap+leaked, "bytes that nothing can free")
}

// liveHeap returns the bytes that are still in use after a collection.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC() // pools give up what they hold at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// settledGoroutines counts goroutines without those of idle connections.
func settledGoroutines(b *llmtest.Bench) int {
	b.Disconnect()
	http.DefaultClient.CloseIdleConnections()
	runtime.Gosched()
	return runtime.NumGoroutine()
}

// abort reads so many lines and hangs up.
func abort(t *testing.T, client *http.Client, url string, lines int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	way, model := streamsOf[rand.IntN(len(streamsOf))], everyProvider[rand.IntN(len(everyProvider))]
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+way.path, strings.NewReader(fmt.Sprintf(way.body, model)))
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer dck_test")
	r.Header.Set("Cache-Control", "no-store")
	if lines == 0 {
		time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, cancel)
	}
	resp, err := client.Do(r)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for range lines {
		if _, err := in.ReadString('\n'); err != nil {
			return
		}
	}
}
