package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/nats"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

// flow starts the whole way of usage and returns a ledger at its beginning.
func flow(b *testing.B) (*stand, *redis.Ledger) {
	s := newStand(b, postgrestest.New(b))
	s.usage.start(s.environ)
	s.dispatcher.start(s.environ)
	broker := nats.New(nats.Config{URL: s.nats.URL()})
	forwarder := dispatch.NewForwarder(&dispatch.Relay{Outbox: redis.NewOutbox(s.client), Publisher: broker})
	l := redis.NewLedger(redis.Config{Client: s.client, OnWritten: forwarder.Written})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = forwarder.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		running.Wait()
		l.Close()
		broker.Close()
	})
	return s, l
}

// BenchmarkVisible measures how long after its settlement a call's row can be
// read, one call after another.
func BenchmarkVisible(b *testing.B) {
	s, l := flow(b)
	tenant := s.NewTenant()
	require.NoError(b, l.Open(context.Background(), tenant))
	var took []time.Duration
	n := 0
	for b.Loop() {
		n++
		r := call(b, l, tenant, n)
		begun := time.Now()
		for !s.has(tenant, r.ID) {
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}

func (s *stand) has(tenant, id string) (found bool) {
	err := s.ReadTenant(context.Background(), tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM usage WHERE id = $1)`, id).Scan(&found)
	})
	require.NoError(s.t, err)
	return found
}

// BenchmarkRows measures rows a second through the whole way, from the first
// settlement until the last row stands.
func BenchmarkRows(b *testing.B) {
	for _, tenants := range []int{1, 10} {
		b.Run(fmt.Sprint("tenants=", tenants), func(b *testing.B) {
			s, l := flow(b)
			ids := make([]string, tenants)
			for i := range ids {
				ids[i] = s.NewTenant()
				require.NoError(b, l.Open(context.Background(), ids[i]))
			}
			const each = 10_000
			rows := 0
			for b.Loop() {
				var calls sync.WaitGroup
				for worker := range 64 {
					calls.Go(func() {
						for i := worker; i < each; i += 64 {
							call(b, l, ids[i%tenants], i)
						}
					})
				}
				calls.Wait()
				rows += each
				for s.total(ids) < rows {
					time.Sleep(time.Millisecond)
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func (s *stand) total(tenants []string) int {
	n := 0
	for _, tenant := range tenants {
		rows, _ := s.rows(tenant)
		n += int(rows[0])
	}
	return n
}
