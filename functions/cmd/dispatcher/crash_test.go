package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// ledger is what a chat process would hold: it writes the outbox and, like one,
// forwards its own entries at once.
func (s *stand) ledger() *redis.Ledger {
	broker := nats.New(nats.Config{URL: s.nats.URL(), Timeout: time.Second})
	forwarder := dispatch.NewForwarder(&dispatch.Relay{Outbox: redis.NewOutbox(s.client), Publisher: broker})
	l := redis.NewLedger(redis.Config{Client: s.client, OnWritten: forwarder.Written})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(s.t, forwarder.Run(ctx)) })
	s.t.Cleanup(func() {
		cancel()
		running.Wait()
		l.Close()
		broker.Close()
	})
	return l
}

func drain(t testing.TB, l *redis.Ledger) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(t, l.Drain(ctx))
}

func TestUsageSurvivesKillsInTheMiddleOfBatches(t *testing.T) {
	s := newStand(t, postgrestest.New(t))
	s.dispatcher.start(s.environ)
	s.usage.start(s.environ)
	l := s.ledger()
	want := map[string]*sums{}
	for range 3 {
		want[s.NewTenant()] = &sums{}
	}
	// Calls settle all the while; entries are published once more under ids that
	// the broker does not know, so that only the table can tell repeats.
	stop, calls := make(chan struct{}), sync.WaitGroup{}
	for tenant, sent := range want {
		require.NoError(t, l.Open(context.Background(), tenant))
		calls.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				sent.add(call(t, l, tenant, i))
				if i%25 == 0 {
					s.repeat(tenant)
				}
			}
		})
	}
	tenants := make([]string, 0, len(want))
	for tenant := range want {
		tenants = append(tenants, tenant)
	}
	for round := range 6 {
		before, _ := s.rows(tenants[0])
		require.Eventually(t, func() bool {
			rows, _ := s.rows(tenants[0])
			return rows[0] > before[0]+rand.Int64N(40)
		}, 60*time.Second, time.Millisecond)
		s.usage.kill()
		if round%3 == 2 {
			s.dispatcher.kill()
			s.dispatcher.start(s.environ)
		}
		s.usage.start(s.environ)
	}
	close(stop)
	calls.Wait()
	drain(t, l)
	s.settled(want)
	for tenant, sent := range want {
		t.Logf("%s: rows, tokens, money: %v", tenant, *sent)
	}
}

// repeat publishes what waits in an outbox as a relay would that has lost its
// memory: in reverse, and under other event ids.
func (s *stand) repeat(tenant string) {
	entries, err := redis.NewOutbox(s.client).Pending(context.Background(), tenant, 0, 50)
	if err != nil {
		return
	}
	b := nats.New(nats.Config{URL: s.nats.URL(), Timeout: time.Second})
	defer b.Close()
	for i := len(entries) - 1; i >= 0; i-- {
		e := dcoder.Envelope{
			ID: dcoder.NewID(), Source: "/chat", Type: "usage.recorded", Tenant: tenant, Time: time.Now(),
			Data: append(append([]byte(`{"records":`), entries[i].Records...), '}'),
		}
		_ = b.Publish(context.Background(), e) // one repeat more or less
	}
}

func TestUsageWaitsInTheOutboxWhileTheBrokerIsDown(t *testing.T) {
	s := newStand(t, postgrestest.New(t))
	s.dispatcher.start(s.environ)
	l, tenant, sent := s.ledger(), s.NewTenant(), &sums{}
	require.NoError(t, l.Open(context.Background(), tenant))
	for i := range 100 {
		sent.add(call(t, l, tenant, i))
	}
	drain(t, l)
	s.nats.Kill()
	for i := range 300 {
		sent.add(call(t, l, tenant, i)) // calls are admitted and settled as ever
	}
	drain(t, l)
	assert.Positive(t, s.waiting(tenant))
	// The function is scaled to zero meanwhile, and the dispatcher dies too.
	s.dispatcher.kill()
	s.nats.Start()
	s.dispatcher.start(s.environ)
	s.usage.start(s.environ)
	s.settled(map[string]*sums{tenant: sent})
}

func TestUsageWaitsInTheBrokerWhilePostgresIsDown(t *testing.T) {
	server := stacktest.OwnPostgres(t)
	s := newStand(t, postgrestest.On(t, server.ControlDSN(), server.CreatorDSN()))
	l, tenant, sent := s.ledger(), s.NewTenant(), &sums{}
	s.dispatcher.start(s.environ)
	s.usage.start(s.environ)
	require.NoError(t, l.Open(context.Background(), tenant))
	for i := range 50 {
		sent.add(call(t, l, tenant, i))
	}
	drain(t, l)
	server.Kill()
	for i := range 300 {
		sent.add(call(t, l, tenant, i))
	}
	drain(t, l)
	js := s.jetStream()
	require.Eventually(t, func() bool { // it failed often enough to leave the main stream
		parked, err := js.Stream(context.Background(), "DCODER_RETRY")
		return err == nil && parked.CachedInfo().State.Msgs > 0 && s.waiting(tenant) == 0
	}, 60*time.Second, 50*time.Millisecond)
	server.Start()
	s.settled(map[string]*sums{tenant: sent})
}

func TestACallWhoseProcessDiedHasOneRow(t *testing.T) {
	s := newStand(t, postgrestest.New(t))
	s.usage.start(s.environ)
	l, tenant := s.ledger(), s.NewTenant()
	require.NoError(t, l.Open(context.Background(), tenant))
	// The ledger of a killed process: it admits and is never heard of again.
	lost := redis.NewLedger(redis.Config{Client: s.client})
	for i := range 20 {
		v, err := lost.Admit(context.Background(), admission(tenant, i, time.Second))
		require.NoError(t, err)
		require.True(t, v.Admitted)
	}
	lost.Close()
	s.dispatcher.start(s.environ)
	want := sums{20, 0, 0} // nothing had been delivered
	s.settled(map[string]*sums{tenant: &want})
	rows, _ := s.rows(tenant)
	assert.EqualValues(t, 20, rows[0])
}

func TestARedisThatIsRestartedLosesNothingThatWasSettled(t *testing.T) {
	s := newStand(t, postgrestest.New(t))
	s.usage.start(s.environ)
	l, tenant, sent := s.ledger(), s.NewTenant(), &sums{}
	require.NoError(t, l.Open(context.Background(), tenant))
	for i := range 200 {
		sent.add(call(t, l, tenant, i))
	}
	drain(t, l)
	s.redis.Stop() // an orderly end: with kill -9 a second may be lost, as the documents say
	s.redis.Start()
	s.dispatcher.start(s.environ)
	s.settled(map[string]*sums{tenant: sent})
}
