package postgres_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// named gives a process a name that its connections are known by.
func named(o *postgres.Options) { o.Name = "test-" + dcoder.NewTenantID() }

// watch counts the connections of a process from above, until stopped.
func watch(t *testing.T, process string) (stop func() (most int)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), stacktest.Env(t).SuperDSN)
	require.NoError(t, err)
	done, ended, most := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(ended)
		for {
			var n int
			err := conn.QueryRow(context.Background(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1`, process).Scan(&n)
			assert.NoError(t, err)
			most = max(most, n)
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int { close(done); <-ended; _ = conn.Close(context.Background()); return most }
}

func insert(ctx context.Context, d *postgres.Databases, tenant string) error {
	return d.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO users (id) VALUES ($1)", dcoder.NewID())
		return err
	})
}

// Five hundred real databases behind the forty connections of one process: every
// tenant is served, three times over, and none waits for long.
func TestFiveHundredTenantsOnFortyConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 500 databases")
	}
	const many, most = 500, 40
	s := postgrestest.New(t)
	tenants := makeMany(t, s, many)
	var name string
	process := s.Open(named, func(o *postgres.Options) { name, o.Wait = o.Name, 2*time.Minute }) // all ask at once, on a machine that may be busy
	stop := watch(t, name)
	var mu sync.Mutex
	var waits []time.Duration
	start := time.Now()
	var group errgroup.Group
	for range 3 {
		for _, tenant := range tenants {
			group.Go(func() error {
				asked := time.Now()
				err := insert(t.Context(), process, tenant)
				mu.Lock()
				defer mu.Unlock()
				waits = append(waits, time.Since(asked))
				return err
			})
		}
	}
	require.NoError(t, group.Wait(), "none starved")
	took := time.Since(start)
	peak := stop()
	slices.Sort(waits)
	t.Logf("%d transactions in %d databases at once: %v, median wait %v, longest %v, %d connections at most",
		len(waits), many, took.Round(time.Millisecond), waits[len(waits)/2].Round(time.Millisecond), waits[len(waits)-1].Round(time.Millisecond), peak)
	assert.LessOrEqual(t, peak, most)
	assert.Greater(t, peak, most/2, "the watcher saw them")
}

func makeMany(t *testing.T, s *postgrestest.Site, many int) []string {
	t.Helper()
	tenants := make([]string, many)
	for i := range tenants {
		tenants[i] = dcoder.NewTenantID()
	}
	t.Cleanup(func() {
		start := time.Now()
		assert.NoError(t, each(8, tenants, func(tenant string) error { return s.Provisioner.Drop(context.Background(), tenant) }))
		t.Logf("dropped in %v", time.Since(start).Round(time.Millisecond))
	})
	start := time.Now()
	require.NoError(t, each(8, tenants, func(tenant string) error {
		return s.Make(t.Context(), dcoder.Onboarding{Tenant: tenant, Name: "many", Admin: dcoder.HashedKey{ID: "k", Hash: []byte("h"), PepperID: "p"}})
	}))
	t.Logf("%d tenants made in %v", many, time.Since(start).Round(time.Millisecond))
	return tenants
}

func each(atOnce int, tenants []string, do func(string) error) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, tenant := range tenants {
		group.Go(func() error { return do(tenant) })
	}
	return group.Wait()
}

func TestABusyTenantDelaysItselfAlone(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	busy, calm := s.NewTenant(), []string{s.NewTenant(), s.NewTenant(), s.NewTenant()}
	var name string
	process := s.Open(named, func(o *postgres.Options) { o.MaxConns, o.ControlConns, o.Wait, name = 4, 1, time.Minute, o.Name })
	stop := watch(t, name)
	var busyLeft atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	for range 200 {
		busyLeft.Add(1)
		flood.Go(func() {
			defer busyLeft.Add(-1)
			_ = process.InTenant(ctx, busy, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "SELECT pg_sleep(0.1)")
				return err
			})
		})
	}
	require.Eventually(t, func() bool { return busyLeft.Load() > 150 }, 10*time.Second, time.Millisecond)
	for range 5 {
		for _, tenant := range calm {
			require.NoError(t, insert(t.Context(), process, tenant))
		}
	}
	assert.Greater(t, busyLeft.Load(), int64(50), "the others did not wait for its queue")
	assert.LessOrEqual(t, stop(), 4)
	cancel()
	flood.Wait()
	for _, tenant := range append(calm, busy) {
		require.NoError(t, insert(t.Context(), process, tenant), "those that gave up waiting left nothing behind")
	}
}

func TestWhoWaitsInVainIsTold(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	process := s.Open(func(o *postgres.Options) { o.Wait = 50 * time.Millisecond })
	release, holding := make(chan struct{}), sync.WaitGroup{}
	held := make(chan struct{}, 2)
	for range 2 {
		holding.Go(func() {
			assert.NoError(t, process.InTenant(t.Context(), tenant, func(pgx.Tx) error { held <- struct{}{}; <-release; return nil }))
		})
	}
	<-held
	<-held
	e := dcoder.AsError(insert(t.Context(), process, tenant))
	assert.Equal(t, 503, e.Status)
	assert.Equal(t, "database_busy", e.Code)
	assert.Positive(t, e.RetryAfter)
	close(release)
	holding.Wait()
	assert.NoError(t, insert(t.Context(), process, tenant))
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	var name string
	process := s.Open(named, func(o *postgres.Options) { o.Idle, name = 100*time.Millisecond, o.Name })
	require.NoError(t, insert(t.Context(), process, tenant))
	conn, err := pgx.Connect(t.Context(), stacktest.Env(t).SuperDSN)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.Eventually(t, func() bool {
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = $1`, name).Scan(&n))
		return n == 0
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, insert(t.Context(), process, tenant), "and opened again")
}

func TestACutConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	process := s.Open()
	require.NoError(t, insert(t.Context(), process, tenant))
	super, err := pgx.Connect(t.Context(), stacktest.Env(t).SuperDSN)
	require.NoError(t, err)
	defer func() { _ = super.Close(context.Background()) }()
	for range 3 {
		_, err = super.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ANY($1)`, []string{"t_" + tenant, s.ControlDB})
		require.NoError(t, err)
		require.NoError(t, insert(t.Context(), process, tenant))
		require.NoError(t, process.Ready(t.Context()))
	}
}
