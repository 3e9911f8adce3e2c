package dispatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/d-coder-ai/dcoder/shared/cehttp"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a broker with streams of its own and a dispatcher that serves a function
// which is a test's handler.
type rig struct {
	*nats.Broker
	t      *testing.T
	prefix string
	js     jetstream.JetStream
	door   *dispatch.HTTPDoor
}

func newRig(t *testing.T, function http.HandlerFunc) *rig {
	t.Parallel()
	url, prefix := stacktest.Env(t).NATSURL, stacktest.NATSPrefix(t)
	conn, err := natsgo.Connect(url)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	b := nats.New(nats.Config{URL: url, Prefix: prefix, Memory: true, EventBytes: 4 << 20, OtherBytes: 1 << 20, AckWait: 3 * time.Second})
	t.Cleanup(b.Close)
	t.Cleanup(func() {
		for _, kind := range []string{"EVENTS", "RETRY", "DEAD"} {
			_ = js.DeleteStream(context.Background(), strings.ToUpper(prefix)+"_"+kind)
		}
	})
	return &rig{b, t, prefix, js, door(t, function)}
}

// run starts a dispatcher; stop ends it and waits for it.
func (r *rig) run(l dispatch.Limits) (stop func()) {
	end, wait := r.start(l)
	return func() { end(); wait() }
}

// start starts a dispatcher; end tells it to end, wait waits for it.
func (r *rig) start(l dispatch.Limits) (end, wait func()) {
	ctx, cancel := context.WithCancel(context.Background())
	l.Heartbeat = time.Second // a third of AckWait
	done := make(chan struct{})
	d := dispatch.Dispatcher{
		Queues: r.Broker, Door: r.door, Limits: l,
		Targets: []dispatch.Target{{Function: "usage", Types: map[string]int{"usage.recorded": 10, "key.revoked": 1}}},
	}
	go func() {
		_ = d.Run(ctx)
		close(done)
	}()
	wait = func() { <-done }
	r.t.Cleanup(func() { cancel(); wait() })
	return cancel, wait
}

func (r *rig) publish(events ...dcoder.Envelope) {
	r.t.Helper()
	require.NoError(r.t, r.Publish(context.Background(), events...))
}

// idle reports whether the function has nothing waiting or on loan.
func (r *rig) idle() bool {
	for _, kind := range []string{"EVENTS", "RETRY"} {
		c, err := r.js.Consumer(context.Background(), strings.ToUpper(r.prefix)+"_"+kind, "usage")
		if err != nil {
			return false
		}
		info := c.CachedInfo()
		if info.NumPending > 0 || info.NumAckPending > 0 {
			return false
		}
	}
	return true
}

func (r *rig) untilIdle() {
	r.t.Helper()
	require.Eventually(r.t, r.idle, 30*time.Second, 20*time.Millisecond)
}

func (r *rig) letters() []dispatch.Letter {
	out, err := r.List(context.Background(), dispatch.LetterFilter{Limit: 100})
	require.NoError(r.t, err)
	return out
}

// heard is what reached the function: deliveries by event id.
type heard struct {
	mu    sync.Mutex
	times map[string]int
	most  int // events of the largest delivery
}

func (h *heard) note(events []dcoder.Envelope) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.times == nil {
		h.times = map[string]int{}
	}
	for _, e := range events {
		h.times[e.ID]++
	}
	h.most = max(h.most, len(events))
}

func (h *heard) of(id string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.times[id]
}

func (h *heard) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.times)
}

// function answers each event by a rule: a status, or 0 to cut the line.
func function(t *testing.T, h *heard, rule func(dcoder.Envelope) int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.NoError(t, cehttp.Verify(r.Header, body, []string{"new-secret"}, time.Now()))
		events, err := cehttp.Read(r.Header, body)
		assert.NoError(t, err)
		h.note(events)
		var items []map[string]any
		for _, e := range events {
			assert.Equal(t, events[0].Tenant, e.Tenant, "a delivery is of one tenant")
			assert.Equal(t, events[0].Type, e.Type, "and of one type")
			status := rule(e)
			if status == 0 {
				panic(http.ErrAbortHandler)
			}
			items = append(items, map[string]any{"status": status, "code": fmt.Sprint("code_", status)})
		}
		if !cehttp.IsBatch(r.Header) {
			w.WriteHeader(items[0]["status"].(int))
			fmt.Fprintf(w, `{"error":{"code":%q}}`, items[0]["code"])
			return
		}
		assert.NoError(t, json.NewEncoder(w).Encode(items))
	}
}

func always(status int) func(dcoder.Envelope) int { return func(dcoder.Envelope) int { return status } }

func TestEveryEventReachesItsFunctionOnceAndInBatches(t *testing.T) {
	var h heard
	r := newRig(t, function(t, &h, always(204)))
	var events []dcoder.Envelope
	for i := range 300 {
		events = append(events, event(fmt.Sprint("t", i%5), fmt.Sprint("e", i)))
	}
	one := event("t1", "k1")
	one.Type = "key.revoked"
	other := event("t1", "not-heard")
	other.Type = "flag.changed"
	r.publish(append(events, one, other)...)
	stop := r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return h.count() == 301 }, 30*time.Second, 10*time.Millisecond)
	r.untilIdle()
	stop()
	for id, n := range h.times {
		assert.Equal(t, 1, n, id)
	}
	assert.Greater(t, h.most, 1, "events that wait share a delivery")
	assert.LessOrEqual(t, h.most, 10)
	assert.Empty(t, r.letters())
}

func TestAPoisonEventBecomesADeadLetterAndStopsNoOther(t *testing.T) {
	var h heard
	r := newRig(t, function(t, &h, func(e dcoder.Envelope) int {
		if e.ID == "e7" {
			return 422
		}
		return 204
	}))
	for i := range 20 {
		r.publish(event("t1", fmt.Sprint("e", i)))
	}
	r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return len(r.letters()) == 1 }, 30*time.Second, 20*time.Millisecond)
	r.untilIdle()
	letter := r.letters()[0]
	assert.Equal(t, "e7", letter.EventID)
	assert.Equal(t, "code_422", letter.Code)
	assert.Equal(t, 422, letter.Status)
	assert.Equal(t, 1, letter.Failures)
	assert.Equal(t, 20, h.count())
}

func TestABatchRefusedAsAWholeGoesOneByOne(t *testing.T) {
	var h heard
	r := newRig(t, func(w http.ResponseWriter, q *http.Request) {
		if cehttp.IsBatch(q.Header) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		function(t, &h, always(204))(w, q)
	})
	var events []dcoder.Envelope
	for i := range 30 {
		events = append(events, event("t1", fmt.Sprint("e", i)))
	}
	r.publish(events...)
	r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return h.count() == 30 }, 30*time.Second, 20*time.Millisecond)
	r.untilIdle()
	assert.Empty(t, r.letters())
}

func TestWhatFailsIsTriedAgainThenParkedThenDelivered(t *testing.T) {
	var h heard
	r := newRig(t, function(t, &h, func(e dcoder.Envelope) int {
		switch n := h.of(e.ID); {
		case e.ID == "flaky" && n <= 1:
			return 0
		case e.ID == "stubborn" && n <= 3:
			return 503
		default:
			return 204
		}
	}))
	r.publish(event("t1", "flaky"), event("t2", "stubborn"), event("t3", "fine"))
	r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return h.of("fine") == 1 && h.of("flaky") == 2 }, 30*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return h.of("stubborn") == 4 }, 60*time.Second, 20*time.Millisecond)
	r.untilIdle()
	s, err := r.js.Stream(context.Background(), strings.ToUpper(r.prefix)+"_RETRY")
	require.NoError(t, err)
	assert.EqualValues(t, 1, s.CachedInfo().State.Msgs, "after three failures it left the main stream")
	assert.Empty(t, r.letters())
}

func TestOurOwnMisconfigurationIsNeverADeadLetter(t *testing.T) {
	var h heard
	var open sync.Map
	r := newRig(t, function(t, &h, func(dcoder.Envelope) int {
		if _, ok := open.Load("door"); ok {
			return 204
		}
		return 401
	}))
	r.publish(event("t1", "e1"))
	r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return h.of("e1") >= 2 }, 30*time.Second, 20*time.Millisecond)
	open.Store("door", true)
	r.untilIdle()
	assert.Empty(t, r.letters())
}

func TestATenantThatIsStuckKeepsNoOtherWaiting(t *testing.T) {
	var h heard
	release := make(chan struct{})
	r := newRig(t, function(t, &h, func(e dcoder.Envelope) int {
		if e.Tenant == "stuck" {
			<-release
		}
		return 204
	}))
	// Far more than the stuck tenant may have on loan, all of it before the others.
	var events []dcoder.Envelope
	for i := range 500 {
		events = append(events, event("stuck", fmt.Sprint("s", i)))
	}
	r.publish(events...)
	for i := range 50 {
		r.publish(event("free", fmt.Sprint("f", i)))
	}
	r.run(dispatch.Limits{PerTenant: 20, Posts: 4})
	require.Eventually(t, func() bool {
		for i := range 50 {
			if h.of(fmt.Sprint("f", i)) != 1 {
				return false
			}
		}
		return true
	}, 30*time.Second, 20*time.Millisecond)
	close(release)
	require.Eventually(t, func() bool { return h.count() == 550 }, 60*time.Second, 50*time.Millisecond)
	r.untilIdle()
	assert.Empty(t, r.letters())
}

func TestASlowHandlerRunsOnce(t *testing.T) {
	var h heard
	r := newRig(t, function(t, &h, func(e dcoder.Envelope) int {
		if e.ID == "slow" {
			time.Sleep(5 * time.Second) // longer than the broker lends a message without a sign of life
		}
		return 204
	}))
	r.publish(event("t1", "slow"))
	r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return h.of("slow") == 1 && r.idle() }, 60*time.Second, 100*time.Millisecond)
	assert.Equal(t, 1, h.of("slow"))
}

func TestAtTheEndDeliveriesFinishAndTheRestGoesBackAtOnce(t *testing.T) {
	var h heard
	entered, release := make(chan struct{}, 100), make(chan struct{})
	r := newRig(t, function(t, &h, func(dcoder.Envelope) int {
		entered <- struct{}{}
		<-release
		return 204
	}))
	var events []dcoder.Envelope
	for i := range 40 {
		events = append(events, event("t1", fmt.Sprint("e", i)))
	}
	r.publish(events...)
	end, wait := r.start(dispatch.Limits{Workers: 1})
	<-entered
	end()
	close(release)
	wait()
	before := h.count()
	assert.Less(t, before, 40)
	r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return h.count() == 40 }, 20*time.Second, 20*time.Millisecond)
	r.untilIdle()
	for id, n := range h.times {
		assert.Equal(t, 1, n, id)
	}
}

func TestAReplayedLetterReachesItsFunction(t *testing.T) {
	var h heard
	var mended sync.Map
	r := newRig(t, function(t, &h, func(dcoder.Envelope) int {
		if _, ok := mended.Load("yes"); ok {
			return 204
		}
		return 400
	}))
	r.publish(event("t1", "e1"))
	r.run(dispatch.Limits{})
	require.Eventually(t, func() bool { return len(r.letters()) == 1 }, 30*time.Second, 20*time.Millisecond)
	mended.Store("yes", true)
	require.NoError(t, r.Replay(context.Background(), r.letters()[0].ID))
	require.Eventually(t, func() bool { return h.of("e1") == 2 }, 30*time.Second, 20*time.Millisecond)
	r.untilIdle()
	assert.Empty(t, r.letters())
}
