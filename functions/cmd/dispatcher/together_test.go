package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// tally counts what a function heard, by key.
type tally struct {
	mu    sync.Mutex
	times map[string]int
}

func (h *tally) note(key string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.times[key]++
	return h.times[key]
}

func (h *tally) all(times, events int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.times {
		if n != times {
			return false
		}
	}
	return len(h.times) == events
}

// Two functions of one process hear one event type, as in the program of make dev:
// each hears every event, and what one of them fails to take comes back to it
// alone.
func TestTwoFunctionsOfOneProcessHearOneEventType(t *testing.T) {
	t.Parallel()
	url, prefix, secrets := stacktest.Env(t).NATSURL, stacktest.NATSPrefix(t), []string{"a-secret"}
	broker := nats.New(nats.Config{URL: url, Prefix: prefix, Memory: true, EventBytes: 4 << 20, OtherBytes: 1 << 20})
	t.Cleanup(broker.Close)
	dropStreams(t, url, prefix)
	steady, flaky := &tally{times: map[string]int{}}, &tally{times: map[string]int{}}
	funcs := []function.Func{
		function.New("steady", function.OnBatch(10, func(_ context.Context, _ string, events []dcoder.Event[dcoder.KeyRevoked]) []error {
			for _, e := range events {
				steady.note(e.Value.Key)
			}
			return nil
		})),
		function.New("flaky", function.On(func(_ context.Context, e dcoder.Event[dcoder.KeyRevoked]) error {
			if flaky.note(e.Value.Key) == 1 {
				return errors.New("not just now")
			}
			return nil
		})),
	}
	host, err := function.NewHost(function.Wiring{EventSecrets: secrets}, funcs...)
	require.NoError(t, err)
	server := httptest.NewServer(host)
	t.Cleanup(server.Close)
	door, err := dispatch.NewHTTPDoor(func(string) string { return server.URL }, secrets)
	require.NoError(t, err)
	t.Cleanup(door.Close)

	const events = 30
	for i := range events {
		e, err := dcoder.NewEvent(t.Context(), "/access", dcoder.NewTenantID(), dcoder.KeyRevoked{Key: fmt.Sprint("k", i), Reason: "blocked"})
		require.NoError(t, err)
		require.NoError(t, broker.Publish(t.Context(), e))
	}
	d := dispatch.Dispatcher{Queues: broker, Door: door}
	for _, f := range funcs {
		types := map[string]int{}
		for _, s := range f.Events {
			types[s.Type] = s.Batch
		}
		d.Targets = append(d.Targets, dispatch.Target{Function: f.Name, Types: types})
	}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = d.Run(ctx) })
	t.Cleanup(func() { end(); running.Wait() })
	require.Eventually(t, func() bool { return steady.all(1, events) && flaky.all(2, events) }, 30*time.Second, 20*time.Millisecond,
		"steady %v, flaky %v", steady.times, flaky.times)
	letters, err := broker.List(t.Context(), dispatch.LetterFilter{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, letters)
}

func dropStreams(t *testing.T, url, prefix string) {
	t.Helper()
	conn, err := natsgo.Connect(url)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, kind := range []string{"EVENTS", "RETRY", "DEAD"} {
			_ = js.DeleteStream(context.Background(), strings.ToUpper(prefix)+"_"+kind)
		}
	})
}
