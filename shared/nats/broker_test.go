package nats_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

func natsURL(t testing.TB) string { return stacktest.Env(t).NATSURL }

// broker returns a broker with streams of its own, in memory.
func broker(t testing.TB) (*nats.Broker, nats.Config) {
	cfg := nats.Config{
		URL: natsURL(t), Prefix: stacktest.NATSPrefix(t), Memory: true,
		EventBytes: 8 << 20, OtherBytes: 1 << 20,
	}
	b := nats.New(cfg)
	t.Cleanup(func() {
		js := rawJetStream(t, cfg)
		for _, kind := range []string{"EVENTS", "RETRY", "DEAD"} {
			_ = js.DeleteStream(context.Background(), stream(cfg, kind))
		}
		b.Close()
	})
	return b, cfg
}

func stream(cfg nats.Config, kind string) string { return strings.ToUpper(cfg.Prefix) + "_" + kind }

func rawJetStream(t testing.TB, cfg nats.Config) jetstream.JetStream {
	conn, err := natsgo.Connect(cfg.URL)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	return js
}

func count(t testing.TB, cfg nats.Config, kind string) uint64 {
	s, err := rawJetStream(t, cfg).Stream(context.Background(), stream(cfg, kind))
	require.NoError(t, err)
	return s.CachedInfo().State.Msgs
}

func event(tenant, id string) dcoder.Envelope {
	return dcoder.Envelope{
		ID: id, Source: "/chat", Type: "usage.recorded", Tenant: tenant, Platform: "d.coder",
		Correlation: "req 1 \u00e9\u4e16", Actor: "k1", TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Time: time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC), Data: []byte(`{"records":[]}`),
	}
}

var target = dispatch.Target{Function: "usage", Types: map[string]int{"usage.recorded": 10}}

func next(t testing.TB, q dispatch.Queue) dispatch.Delivery {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	d, err := q.Next(ctx)
	require.NoError(t, err)
	return d
}

func fresh(t testing.TB, b *nats.Broker) dispatch.Queue {
	q, err := b.Fresh(context.Background(), target)
	require.NoError(t, err)
	t.Cleanup(q.Close)
	return q
}

func parked(t testing.TB, b *nats.Broker) dispatch.Queue {
	q, err := b.Parked(context.Background(), target)
	require.NoError(t, err)
	t.Cleanup(q.Close)
	return q
}

func TestAnEventArrivesAsItWasSentAndRepeatsAreDropped(t *testing.T) {
	ctx, tenant := context.Background(), dcoder.NewTenantID()
	b, cfg := broker(t)
	sent := event(tenant, "e1")
	require.NoError(t, b.Publish(ctx, sent, sent))
	require.NoError(t, b.Publish(ctx, sent))
	assert.EqualValues(t, 1, count(t, cfg, "EVENTS"))

	d := next(t, fresh(t, b))
	got, err := d.Event()
	require.NoError(t, err)
	assert.Equal(t, sent, got)
	assert.Equal(t, 0, d.Failures())
	require.NoError(t, d.Done(ctx))
}

func TestOneIDFromTwoSourcesIsTwoEvents(t *testing.T) {
	b, cfg := broker(t)
	one, two := event("t1", "e1"), event("t1", "e1")
	two.Source = "/usage"
	require.NoError(t, b.Publish(context.Background(), one, two))
	assert.EqualValues(t, 2, count(t, cfg, "EVENTS"))
}

func TestAnEventThatWouldLeaveItsTenantIsRefused(t *testing.T) {
	b, cfg := broker(t)
	require.NoError(t, b.Ensure(context.Background()))
	for _, tenant := range []string{"", "a.b", "*", ">", "a b", "a\r\n", "A", "ä", "a*", strings.Repeat("a", 65)} {
		e := event("t1", "e1")
		e.Tenant = tenant
		refused(t, b.Publish(context.Background(), e), "tenantid")
	}
	for _, typ := range []string{"", "usage", "usage.", ".usage", "usage..x", "usage.*", "usage.>", "usage.re corded", "Usage.recorded"} {
		e := event("t1", "e1")
		e.Type = typ
		refused(t, b.Publish(context.Background(), e), "type")
	}
	e := event("t1", "")
	refused(t, b.Publish(context.Background(), e), "id")
	assert.EqualValues(t, 0, count(t, cfg, "EVENTS"))
}

func refused(t *testing.T, err error, field string) {
	var e *dcoder.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 400, e.Status)
	assert.Equal(t, field, e.Field)
}

func TestAnEventOverTheServersLimitIsRefusedForGood(t *testing.T) {
	b, _ := broker(t)
	e := event("t1", "e1")
	e.Data = []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
	var refusal *dcoder.Error
	require.ErrorAs(t, b.Publish(context.Background(), e), &refusal)
	assert.Equal(t, 413, refusal.Status)
}

func TestAFullStreamRefusesTheNewAndKeepsTheOld(t *testing.T) {
	ctx := context.Background()
	cfg := nats.Config{URL: natsURL(t), Prefix: stacktest.NATSPrefix(t), Memory: true, EventBytes: 64 << 10, OtherBytes: 64 << 10}
	b := nats.New(cfg)
	t.Cleanup(b.Close)
	t.Cleanup(func() {
		for _, kind := range []string{"EVENTS", "RETRY", "DEAD"} {
			_ = rawJetStream(t, cfg).DeleteStream(ctx, stream(cfg, kind))
		}
	})
	held := 0
	var err error
	for err == nil {
		e := event("t1", fmt.Sprint("e", held))
		e.Data = []byte(`"` + strings.Repeat("x", 4<<10) + `"`)
		if err = b.Publish(ctx, e); err == nil {
			held++
		}
		require.Less(t, held, 100)
	}
	var refusal *dcoder.Error
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 503, refusal.Status)
	assert.EqualValues(t, held, count(t, cfg, "EVENTS"))

	// What was read by all is what trimming may drop.
	q := fresh(t, b)
	for range held - 1 {
		require.NoError(t, next(t, q).Done(ctx))
	}
	last := next(t, q)
	require.NoError(t, b.Trim(ctx))
	assert.EqualValues(t, 1, count(t, cfg, "EVENTS"))
	require.NoError(t, last.Done(ctx))
	require.NoError(t, b.Publish(ctx, event("t1", "after")))
}

func TestTrimKeepsWhatNobodyHasRead(t *testing.T) {
	ctx := context.Background()
	b, cfg := broker(t)
	require.NoError(t, b.Trim(ctx), "where nothing was published yet there is nothing to do")
	e := event("t1", "e")
	for i := range 40 {
		e.ID, e.Data = fmt.Sprint(i), []byte(`"`+strings.Repeat("x", 256<<10)+`"`)
		if b.Publish(ctx, e) != nil {
			break
		}
	}
	before := count(t, cfg, "EVENTS")
	require.Greater(t, before, uint64(20))
	require.NoError(t, b.Trim(ctx), "without a consumer nothing was read")
	assert.Equal(t, before, count(t, cfg, "EVENTS"))
	fresh(t, b)
	require.NoError(t, b.Trim(ctx))
	assert.Equal(t, before, count(t, cfg, "EVENTS"))
}

func TestAParkedEventComesBackWhenDueAndNotBefore(t *testing.T) {
	ctx := context.Background()
	b, cfg := broker(t)
	require.NoError(t, b.Publish(ctx, event("t1", "e1")))
	due := time.Now().Add(1500 * time.Millisecond)
	require.NoError(t, next(t, fresh(t, b)).Park(ctx, 3, due))
	q := parked(t, b)
	d := next(t, q)
	assert.False(t, time.Now().Before(due))
	assert.Equal(t, 3, d.Failures())
	got, err := d.Event()
	require.NoError(t, err)
	assert.Equal(t, event("t1", "e1"), got)
	require.NoError(t, d.Park(ctx, 4, time.Now()))
	d = next(t, q)
	assert.Equal(t, 4, d.Failures())
	require.NoError(t, d.Done(ctx))
	assert.EqualValues(t, 2, count(t, cfg, "RETRY"), "each step is a message of its own")
}

func TestAClosedQueueGivesBackWhatItHadFetched(t *testing.T) {
	ctx := context.Background()
	b, _ := broker(t)
	for i := range 20 {
		require.NoError(t, b.Publish(ctx, event("t1", fmt.Sprint("e", i))))
	}
	q := fresh(t, b)
	require.NoError(t, next(t, q).Done(ctx))
	q.Close()
	q = fresh(t, b)
	for range 19 {
		require.NoError(t, next(t, q).Done(ctx)) // long before the loan runs out
	}
}

func TestAMoveThatIsDoneTwiceLeavesOneCopy(t *testing.T) {
	ctx := context.Background()
	b, cfg := broker(t)
	require.NoError(t, b.Publish(ctx, event("t1", "e1")))
	q := fresh(t, b)
	d := next(t, q)
	require.NoError(t, d.Bury(ctx, dispatch.Reason{Status: 422, Code: "bad", Failures: 1}))
	_ = d.Bury(ctx, dispatch.Reason{Status: 422, Code: "bad", Failures: 1})
	assert.EqualValues(t, 1, count(t, cfg, "DEAD"))
}

func TestDeadLettersAreListedByPagesAndReplayedToTheirFunction(t *testing.T) {
	ctx := context.Background()
	b, cfg := broker(t)
	q := fresh(t, b)
	for i, tenant := range []string{"t1", "t2", "t1", "t1"} {
		require.NoError(t, b.Publish(ctx, event(tenant, fmt.Sprint("e", i))))
		require.NoError(t, next(t, q).Bury(ctx, dispatch.Reason{Status: 422, Code: "bad", Failures: 2}))
	}
	all, err := b.List(ctx, dispatch.LetterFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, all, 4)
	first := all[0]
	assert.WithinDuration(t, time.Now(), first.Died, time.Minute)
	first.Died = time.Time{}
	assert.Equal(t, dispatch.Letter{
		ID: 1, Function: "usage", Tenant: "t1", Type: "usage.recorded", EventID: "e0", Source: "/chat",
		Time: event("", "").Time, Status: 422, Code: "bad", Failures: 2,
	}, first)

	page, err := b.List(ctx, dispatch.LetterFilter{Function: "usage", Tenant: "t1", Limit: 2})
	require.NoError(t, err)
	require.Len(t, page, 2)
	rest, err := b.List(ctx, dispatch.LetterFilter{Function: "usage", Tenant: "t1", Limit: 2, After: page[1].ID})
	require.NoError(t, err)
	require.Len(t, rest, 1)
	assert.Equal(t, "e3", rest[0].EventID)
	none, err := b.List(ctx, dispatch.LetterFilter{Function: "audit", Limit: 2})
	require.NoError(t, err)
	assert.Empty(t, none)
	_, err = b.List(ctx, dispatch.LetterFilter{Tenant: "t1.>", Limit: 2})
	refused(t, err, "tenant")

	require.NoError(t, b.Replay(ctx, rest[0].ID))
	d := next(t, parked(t, b))
	got, err := d.Event()
	require.NoError(t, err)
	assert.Equal(t, event("t1", "e3"), got)
	assert.Equal(t, 0, d.Failures())
	assert.EqualValues(t, 3, count(t, cfg, "DEAD"))
	var missing *dcoder.Error
	require.ErrorAs(t, b.Replay(ctx, rest[0].ID), &missing)
	assert.Equal(t, 404, missing.Status)
}

func TestAMessageOfAnotherTenantThanItsSubjectIsNoEvent(t *testing.T) {
	ctx := context.Background()
	b, cfg := broker(t)
	require.NoError(t, b.Ensure(ctx))
	js, q := rawJetStream(t, cfg), fresh(t, b)
	forged := &natsgo.Msg{Subject: cfg.Prefix + ".t1.usage.recorded", Data: []byte(`{}`), Header: natsgo.Header{
		"ce-specversion": {"1.0"}, "content-type": {"application/json"}, "ce-id": {"1"}, "ce-source": {"/x"},
		"ce-type": {"usage.recorded"}, "ce-tenantid": {"t2"},
	}}
	for _, m := range []*natsgo.Msg{forged, {Subject: forged.Subject, Data: []byte("garbage")}} {
		_, err := js.PublishMsg(ctx, m)
		require.NoError(t, err)
		d := next(t, q)
		_, err = d.Event()
		require.Error(t, err)
		require.NoError(t, d.Bury(ctx, dispatch.Reason{Code: "not_an_event"}))
	}
	letters, err := b.List(ctx, dispatch.LetterFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, letters, 2)
	assert.Equal(t, "t1", letters[1].Tenant)
}

func TestHintsReachEveryListenerAndTheEventStreamNone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b, cfg := broker(t)
	require.NoError(t, b.Ensure(ctx))
	heard := make(chan string, 10)
	var listeners sync.WaitGroup
	for range 2 {
		listeners.Go(func() {
			assert.NoError(t, b.Listen(ctx, "config.changed", func(data []byte) { heard <- string(data) }))
		})
	}
	require.Eventually(t, func() bool {
		if err := b.Notify(ctx, "config.changed", []byte("t1")); err != nil {
			return false
		}
		return len(heard) >= 2
	}, 10*time.Second, 50*time.Millisecond)
	assert.Equal(t, "t1", <-heard)
	assert.EqualValues(t, 0, count(t, cfg, "EVENTS"))
	refused(t, b.Notify(ctx, "config.>", nil), "type")
	cancel()
	listeners.Wait()
}

func TestWithTheServerAwayPublishingFailsSoonAndWorksLater(t *testing.T) {
	b := nats.New(nats.Config{URL: "nats://127.0.0.1:1", Timeout: time.Second})
	t.Cleanup(b.Close)
	for range 2 {
		var e *dcoder.Error
		require.ErrorAs(t, b.Publish(context.Background(), event("t1", "e1")), &e)
		assert.Equal(t, 503, e.Status)
		assert.NotZero(t, e.RetryAfter)
	}
	assert.Error(t, b.Ready(context.Background()))
}
