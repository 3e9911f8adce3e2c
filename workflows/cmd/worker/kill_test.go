package main

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

// However often the worker is killed, and wherever: a tenant has one database,
// one role, one key, one event, and its role's password is the one that is kept.
func TestFiftyKills(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the worker 51 times")
	}
	const kills, tenants = 50, 25
	h := newHouse(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var orders []dcoder.Onboarding
	for i := range kills {
		if i*tenants/kills == len(orders) { // one more at every second kill
			in := h.order()
			require.NoError(t, h.onboarder.Start(ctx, in))
			orders = append(orders, in)
		}
		p := h.start()
		untilKilled := time.NewTimer(rand.N(1500 * time.Millisecond))
		select {
		case <-untilKilled.C:
		case err := <-p.done:
			t.Fatalf("the worker ended by itself: %v\n%s", err, p.log)
		}
		p.kill()
	}
	h.start()
	repeated := 0
	for _, in := range orders {
		done, err := h.onboarder.Onboard(ctx, in)
		require.NoError(t, err)
		require.True(t, done, "tenant %s is not ready in time", in.Tenant)
		repeated += h.repeatedSteps(ctx, in.Tenant)
	}
	t.Logf("%d kills, %d tenants, %d steps ran more than once", kills, tenants, repeated)
	assert.Positive(t, repeated, "no kill hit a step: the test shows nothing")
	h.checkTenants(ctx, orders)
}

func (h *house) checkTenants(ctx context.Context, orders []dcoder.Onboarding) {
	h.t.Helper()
	conn, err := pgx.Connect(ctx, stacktest.Env(h.t).SuperDSN)
	require.NoError(h.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	created := h.createdEvents(ctx)
	for _, in := range orders {
		part := "%" + in.Tenant + "%"
		assert.Equal(h.t, 1, count(ctx, h.t, conn, `SELECT count(*) FROM pg_database WHERE datname LIKE $1`, part))
		assert.Equal(h.t, 1, count(ctx, h.t, conn, `SELECT count(*) FROM pg_roles WHERE rolname LIKE $1`, part))
		assert.Equal(h.t, 1, created[in.Tenant], "tenant.created")
		h.checkInside(ctx, in)
	}
	require.NoError(h.t, h.databases.ReadControl(ctx, func(tx pgx.Tx) error {
		var all, active int
		err := tx.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE state = 'active') FROM tenants`).Scan(&all, &active)
		assert.Equal(h.t, []int{len(orders), len(orders)}, []int{all, active}, "the catalogue")
		return err
	}))
}

// checkInside logs in as the tenant's role, with the password of the catalogue.
func (h *house) checkInside(ctx context.Context, in dcoder.Onboarding) {
	h.t.Helper()
	require.NoError(h.t, h.databases.ReadTenant(ctx, in.Tenant, func(tx pgx.Tx) error {
		var keys int
		var id string
		var hash []byte
		err := tx.QueryRow(ctx, `SELECT count(*) OVER (), id, hash FROM keys`).Scan(&keys, &id, &hash)
		assert.Equal(h.t, 1, keys)
		assert.Equal(h.t, in.Admin.ID, id)
		assert.Equal(h.t, in.Admin.Hash, hash)
		return err
	}))
}

// repeatedSteps counts the steps of an onboarding that were tried again, as its
// history says.
func (h *house) repeatedSteps(ctx context.Context, tenant string) (n int) {
	h.t.Helper()
	events := h.temporal.GetWorkflowHistory(ctx, dcoder.OnboardingID(tenant), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(h.t, err)
		if e.GetActivityTaskStartedEventAttributes().GetAttempt() > 1 {
			n++
		}
	}
	return n
}
