package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// way is an outbox on a Redis of its own, since the list of active tenants is one
// for all of a Redis, and a broker with streams of its own.
type way struct {
	*redis.Outbox
	*nats.Broker
	t      *testing.T
	client goredis.UniversalClient
	js     jetstream.JetStream
	prefix string
}

func newWay(t *testing.T) *way {
	t.Parallel()
	client, err := redis.Open(stacktest.OwnRedis(t).URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	url, prefix := stacktest.Env(t).NATSURL, stacktest.NATSPrefix(t)
	conn, err := natsgo.Connect(url)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	b := nats.New(nats.Config{URL: url, Prefix: prefix, Memory: true, EventBytes: 8 << 20, OtherBytes: 1 << 20})
	t.Cleanup(b.Close)
	t.Cleanup(func() {
		for _, kind := range []string{"EVENTS", "RETRY", "DEAD"} {
			_ = js.DeleteStream(context.Background(), strings.ToUpper(prefix)+"_"+kind)
		}
	})
	return &way{redis.NewOutbox(client), b, t, client, js, prefix}
}

// write puts an entry of n records into a tenant's outbox, as a settlement does.
func (w *way) write(tenant string, n int) (ids []string, entry string) {
	rows := make([]dcoder.UsageRecord, n)
	for i := range rows {
		rows[i] = dcoder.UsageRecord{ID: dcoder.NewID(), Tenant: tenant, ModelAsked: strings.Repeat("m", 500)}
		ids = append(ids, rows[i].ID)
	}
	raw, err := json.Marshal(rows)
	require.NoError(w.t, err)
	return ids, w.writeRaw(tenant, raw)
}

func (w *way) writeRaw(tenant string, raw []byte) string {
	ctx := context.Background()
	require.NoError(w.t, w.client.ZAdd(ctx, "dcoder:active", goredis.Z{Score: float64(time.Now().Unix()), Member: tenant}).Err())
	id, err := w.client.XAdd(ctx, &goredis.XAddArgs{Stream: "{" + tenant + "}:usage", Values: []any{"d", string(raw)}}).Result()
	require.NoError(w.t, err)
	return id
}

// published reads the records that the event stream holds, and how many events.
func (w *way) published() (ids []string, events int) {
	s, err := w.js.Stream(context.Background(), strings.ToUpper(w.prefix)+"_EVENTS")
	require.NoError(w.t, err)
	state := s.CachedInfo().State
	for seq := state.FirstSeq; seq <= state.LastSeq; seq++ {
		m, err := s.GetMsg(context.Background(), seq)
		require.NoError(w.t, err)
		var data dcoder.UsageRecorded
		if json.Unmarshal(m.Data, &data) == nil {
			for _, r := range data.Records {
				ids = append(ids, r.ID)
			}
		}
	}
	return ids, int(state.Msgs)
}

func (w *way) left(tenant string) int {
	n, err := w.client.XLen(context.Background(), "{"+tenant+"}:usage").Result()
	require.NoError(w.t, err)
	return int(n)
}

func TestTheRelayMovesWhatWaitsAndLeavesWhatIsYoung(t *testing.T) {
	w, ctx := newWay(t), context.Background()
	var want []string
	tenants := []string{dcoder.NewTenantID(), dcoder.NewTenantID(), dcoder.NewTenantID()}
	for i := range 100 {
		ids, _ := w.write(tenants[i%3], 1+i%4)
		want = append(want, ids...)
	}
	young := dispatch.Relay{Outbox: w.Outbox, Publisher: w.Broker, MinAge: time.Hour}
	n, err := young.Once(ctx)
	require.NoError(t, err)
	assert.Zero(t, n)

	relay := dispatch.Relay{Outbox: w.Outbox, Publisher: w.Broker, MinAge: time.Nanosecond}
	require.Eventually(t, func() bool {
		_, err := relay.Once(ctx)
		return err == nil && w.left(tenants[0])+w.left(tenants[1])+w.left(tenants[2]) == 0
	}, 20*time.Second, 10*time.Millisecond)
	got, events := w.published()
	assert.ElementsMatch(t, want, got)
	assert.Equal(t, 100, events, "an event an entry")
}

func TestRelaysSideBySidePublishOnce(t *testing.T) {
	w, tenant := newWay(t), dcoder.NewTenantID()
	var want []string
	for range 200 {
		ids, _ := w.write(tenant, 1)
		want = append(want, ids...)
	}
	var relays sync.WaitGroup
	for range 4 {
		relays.Go(func() {
			relay := dispatch.Relay{Outbox: w.Outbox, Publisher: w.Broker, MinAge: time.Nanosecond}
			for w.left(tenant) > 0 {
				_, err := relay.Once(context.Background())
				assert.NoError(t, err)
			}
		})
	}
	relays.Wait()
	got, _ := w.published()
	assert.ElementsMatch(t, want, got)
}

// forgetful is an outbox whose process dies after the broker took the events and
// before they were deleted.
type forgetful struct{ dispatch.Outbox }

func (forgetful) Delete(context.Context, string, ...string) error { return errors.New("killed") }

func TestWhatIsRelayedAgainAfterACrashIsOneEvent(t *testing.T) {
	w, tenant := newWay(t), dcoder.NewTenantID()
	want, _ := w.write(tenant, 3)
	large, _ := w.write(tenant, 3000) // more than one event may hold
	crashed := dispatch.Relay{Outbox: forgetful{w.Outbox}, Publisher: w.Broker, MinAge: time.Nanosecond}
	for range 3 {
		require.Eventually(t, func() bool { _, err := crashed.Once(context.Background()); return err != nil }, 5*time.Second, time.Millisecond)
	}
	assert.Equal(t, 2, w.left(tenant))
	relay := dispatch.Relay{Outbox: w.Outbox, Publisher: w.Broker, MinAge: time.Nanosecond}
	_, err := relay.Once(context.Background())
	require.NoError(t, err)
	assert.Zero(t, w.left(tenant))
	got, events := w.published()
	assert.ElementsMatch(t, append(want, large...), got)
	assert.Greater(t, events, 3)
}

func TestAnEntryThatCannotBeReadStopsNoOther(t *testing.T) {
	w, tenant := newWay(t), dcoder.NewTenantID()
	w.writeRaw(tenant, []byte("[{broken"))
	w.writeRaw(tenant, []byte(strings.Repeat("x", 3<<20)))
	want, _ := w.write(tenant, 2)
	relay := dispatch.Relay{Outbox: w.Outbox, Publisher: w.Broker, MinAge: time.Nanosecond}
	require.Eventually(t, func() bool {
		_, err := relay.Once(context.Background())
		return err == nil && w.left(tenant) == 0
	}, 10*time.Second, 10*time.Millisecond)
	got, events := w.published()
	assert.ElementsMatch(t, want, got)
	assert.Equal(t, 3, events, "the others go where a person can look at them")
}

// refusing is a broker that is away.
type refusing struct{}

func (refusing) Publish(context.Context, ...dcoder.Envelope) error { return errors.New("away") }

func TestWithTheBrokerAwayEverythingStays(t *testing.T) {
	w, tenant := newWay(t), dcoder.NewTenantID()
	for range 10 {
		w.write(tenant, 1)
	}
	relay := dispatch.Relay{Outbox: w.Outbox, Publisher: refusing{}, MinAge: time.Nanosecond}
	require.Eventually(t, func() bool { _, err := relay.Once(context.Background()); return err != nil }, 5*time.Second, time.Millisecond)
	assert.Equal(t, 10, w.left(tenant))
}

func TestTheForwarderPublishesAtOnceAndAtItsEndWhatIsLeft(t *testing.T) {
	w := newWay(t)
	relay := &dispatch.Relay{Outbox: w.Outbox, Publisher: w.Broker}
	f := dispatch.NewForwarder(relay)
	var want []string
	var left []string
	forward := func(tenant string) {
		ids, entry := w.write(tenant, 2)
		rows := fmt.Sprintf(`[{"id":%q},{"id":%q}]`, ids[0], ids[1])
		f.Written(tenant, entry, []byte(rows))
		want, left = append(want, ids...), append(left, tenant)
	}
	for range 20 {
		forward(dcoder.NewTenantID())
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	require.Eventually(t, func() bool { return w.left(left[len(left)-1]) == 0 }, 10*time.Second, time.Millisecond)
	forward(left[0])
	cancel()
	require.NoError(t, <-done)
	for _, tenant := range left {
		assert.Zero(t, w.left(tenant))
	}
	got, _ := w.published()
	assert.ElementsMatch(t, want, got)
}

func TestTheForwarderNeverBlocksWhoWrites(t *testing.T) {
	f := dispatch.NewForwarder(&dispatch.Relay{Publisher: refusing{}})
	for i := range 100_000 { // nobody runs it
		f.Written("t1", fmt.Sprint(i), []byte(`[]`))
	}
}
