package stories

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/llmsim"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// TestAChatProcess dies in mid-load, and is frozen while its caller is shut out.
func TestAChatProcess(t *testing.T) {
	p := start(t)
	t.Run("killed in mid-load", func(t *testing.T) { t.Parallel(); killedInMidLoad(t, p) })
	t.Run("frozen", func(t *testing.T) { t.Parallel(); frozen(t, p) })
}

// load is many clients at once, each of which streams again and again; every
// other stream is hung up.
type load struct {
	base  atomic.Pointer[string]
	again chan struct{} // closed when base is another process
	key   string
	whole atomic.Int64
	mu    sync.Mutex
	heard map[string]heard
}

const (
	clients = 200
	rounds  = 2
	tokens  = 60 // of an answer
)

func (l *load) run(ctx context.Context) {
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for done := 0; done < rounds && ctx.Err() == nil; {
				most := 0
				if rand.IntN(2) == 0 {
					most = 1 + rand.IntN(tokens/2)
				}
				h := stream(ctx, *l.base.Load(), l.key, dcoder.NewID(), most)
				if h.status == 0 { // nobody listens, until the process is replaced
					<-l.again
					continue
				}
				done++
				l.keep(h)
			}
		})
	}
	all.Wait()
}

func (l *load) keep(h heard) {
	if h.whole {
		l.whole.Add(1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard[h.id] = h
}

// killedInMidLoad holds that of every call that reached the provider there is
// one row, and that it says the truth, also when the process died under it.
func killedInMidLoad(t *testing.T, p *platform) {
	admin, _, credential := p.newTenant("Load")
	require.Equal(t, 200, admin.call("PUT", "/v1/quotas", map[string]any{"limits": []any{}}, nil))
	p.slowly(credential, "20ms", tokens)
	journal := "DCODER_JOURNAL_DIR=" + t.TempDir()
	first, base := p.chat(journal)
	l := &load{key: admin.key, again: make(chan struct{}), heard: map[string]heard{}}
	l.base.Store(&base)

	begun, over := time.Now(), make(chan struct{})
	go func() { defer close(over); l.run(bounded(t, 3*time.Minute)) }()
	first.until("a quarter of the streams is through", func() bool { return l.whole.Load() >= clients*rounds/8 })
	first.kill()
	atKill := p.seen(t, credential)
	_, again := p.chat(journal)
	l.base.Store(&again)
	close(l.again)
	<-over
	t.Logf("%d streams of %d clients in %s, chat killed after %d requests", len(l.heard), clients, time.Since(begun).Round(time.Millisecond), len(atKill))

	require.Eventually(t, func() bool {
		rows := admin.rowsByRequest()
		for id, s := range p.seen(t, credential) {
			if _, ok := rows[id]; !ok || s.State == llmsim.StateRunning {
				return false
			}
		}
		return true
	}, 2*patience, 250*time.Millisecond, "every request that the provider saw has a row")
	t.Logf("every row is there %s after the start", time.Since(begun).Round(time.Millisecond))
	l.check(t, p.seen(t, credential), admin.rowsByRequest())
}

// check compares what clients heard, what the provider served, and the rows.
func (l *load) check(t *testing.T, seen map[string]llmsim.Seen, rows map[string]row) {
	var whole, hungUp, killed, lost, reported int
	for id, s := range seen {
		h, r := l.heard[id], rows[id]
		switch {
		case h.whole:
			whole++
			require.Equal(t, "final", r.State, "%s %+v %+v", h, r, s)
		case h.hungUp:
			hungUp++
			// Whoever hung up may have had the end on the way to it already.
			require.Contains(t, []string{"cancelled", "lost", "final"}, r.State, "%s %+v", h, r)
		default:
			killed++
		}
		if r.State == "lost" {
			lost++
		}
		if h.whole || !r.Estimated {
			// The provider's own report had come, if not to the client.
			reported++
			require.False(t, r.Estimated, "%s %+v %+v", h, r, s)
			require.Equal(t, int64(s.Input), r.Tokens.Input, "%s %+v %+v", h, r, s)
			require.Equal(t, int64(s.Output), r.Tokens.Output, "%s %+v %+v", h, r, s)
			continue
		}
		require.LessOrEqual(t, int64(h.events), r.Tokens.Output, "delivered, recorded: %s %+v %+v", h, r, s)
		require.LessOrEqual(t, r.Tokens.Output, int64(s.Served), "recorded, served: %s %+v %+v", h, r, s)
	}
	for id, r := range rows {
		if _, ok := seen[id]; !ok { // it died between the ledger and the provider
			require.Zero(t, r.Tokens.Output, "%+v", r)
			require.Zero(t, r.Cost, "%+v", r)
		}
	}
	t.Logf("%d requests, %d rows: %d whole, %d hung up, %d broken off by the kill; %d settled by an heir; %d with the provider's own count",
		len(seen), len(rows), whole, hungUp, killed, lost, reported)
	require.Positive(t, whole)
	require.Positive(t, hungUp)
	require.Positive(t, killed)
	require.Positive(t, lost)
}

// frozen holds that a process which slept while a key was blocked knows of it
// with its first request, and that what ran under the key ends.
func frozen(t *testing.T, p *platform) {
	admin, _, credential := p.newTenant("Frozen")
	var key struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	require.Equal(t, 201, admin.call("POST", "/v1/keys", map[string]any{"name": "laptop"}, &key))
	p.slowly(credential, "500ms", 1000)
	x, base := p.chat("DCODER_JOURNAL_DIR=" + t.TempDir())

	ran := make(chan heard, 1)
	go func() { ran <- stream(bounded(t, 2*patience), base, key.Secret, dcoder.NewID(), 0) }()
	x.until("the stream runs", func() bool { return len(p.seen(t, credential)) == 1 && served(p.seen(t, credential)) > 2 })
	x.signal(syscall.SIGSTOP)
	require.Equal(t, 200, admin.call("POST", "/v1/keys/"+key.ID+"/block", nil, nil))
	time.Sleep(30 * time.Second) // the condition itself: so long nothing tells it
	x.signal(syscall.SIGCONT)
	woken := time.Now()

	status, body := (&caller{t, base, key.Secret}).raw("POST", "/v1/chat/completions", ask(1))
	require.Equal(t, 401, status, "%s", body)
	select {
	case h := <-ran:
		t.Logf("the stream ended %s after the process woke, with %d events and %d error frames", time.Since(woken).Round(time.Millisecond), h.events, h.failures)
		require.False(t, h.whole)
		require.Equal(t, 1, h.failures)
	case <-time.After(20 * time.Second):
		require.FailNow(t, "the stream runs on under a blocked key")
	}
	require.Eventually(t, func() bool { return served(p.seen(t, credential)) > 0 && ended(p.seen(t, credential)) }, patience, 50*time.Millisecond)
}

func served(seen map[string]llmsim.Seen) (n int) {
	for _, s := range seen {
		n += s.Served
	}
	return n
}

func ended(seen map[string]llmsim.Seen) bool {
	for _, s := range seen {
		if s.State == llmsim.StateRunning {
			return false
		}
	}
	return true
}

// ask is a small completion of at most so many tokens.
func ask(most int) map[string]any {
	return map[string]any{
		"model": model, "max_tokens": most, "messages": []any{map[string]any{"role": "user", "content": "A word, please."}},
	}
}
