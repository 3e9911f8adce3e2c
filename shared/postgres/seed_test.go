package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

func TestSeedCountsEveryRowOnce(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) // a Sunday
	row := func(ago time.Duration, key string, tokens, cost int64) dcoder.UsageRecord {
		return dcoder.UsageRecord{
			V: 1, ID: dcoder.NewID(), Attempt: 1, Revision: 1, Time: at.Add(-ago), Tenant: tenant, Key: key, User: "ann", State: dcoder.UsageFinal,
			Tokens: dcoder.Tokens{Input: tokens}, Cost: cost,
		}
	}
	now, today, monday, month, before := row(30*time.Second, "k1", 1, 10), row(2*time.Hour, "k1", 2, 20), row(5*24*time.Hour, "k2", 4, 40), row(20*24*time.Hour, "k1", 8, 80), row(40*24*time.Hour, "k1", 16, 160)
	require.NoError(t, postgres.NewUsage(s.Databases).Write(t.Context(), tenant, []dcoder.UsageRecord{now, today, monday, month, before}))
	limits := []dcoder.Limit{
		{Scope: "tenant", Metric: "tokens", Window: "minute"},
		{Scope: "tenant", Metric: "tokens", Window: "day"},
		{Scope: "tenant", Metric: "tokens", Window: "week"},
		{Scope: "tenant", Metric: "tokens", Window: "month"},
		{Scope: "key", Subject: "k1", Metric: "money", Window: "month"},
		{Scope: "key", Subject: "k2", Metric: "requests", Window: "month"},
		{Scope: "user", Subject: "ann", Metric: "requests", Window: "week"},
		{Scope: "group", Subject: "none", Metric: "tokens", Window: "month"},
		{Scope: "key", Subject: "k1", Metric: "requests", Window: "minute"},
	}
	seeder := postgres.NewSeeder(s.Databases)
	sums, err := seeder.Seed(t.Context(), tenant, "UTC", limits, at)
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 3, 7, 15, 110, 1, 3, 0, 1}, sums)

	corrected := today // waits in the outbox with a higher revision: replaces what is written
	corrected.Revision, corrected.Tokens.Input = 2, 200
	fresh := row(10*time.Second, "k2", 1000, 0)
	stale := month
	stale.Tokens.Input = 9999 // the revision that is written already
	sums, err = seeder.SeedWith(t.Context(), tenant, "UTC", limits, at, []dcoder.UsageRecord{corrected, fresh, stale, fresh})
	require.NoError(t, err)
	assert.Equal(t, []int64{1001, 1201, 1205, 1213, 110, 2, 4, 0, 1}, sums)
}

func TestSeedKnowsTheTenantsCalendar(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenantFrom(dcoder.Onboarding{TimeZone: "Pacific/Auckland"})
	midnight := time.Date(2026, 11, 1, 0, 0, 0, 0, must(time.LoadLocation("Pacific/Auckland")))
	var rows []dcoder.UsageRecord
	for _, at := range []time.Time{midnight.Add(-time.Second), midnight, midnight.Add(time.Hour)} {
		rows = append(rows, dcoder.UsageRecord{
			V: 1, ID: dcoder.NewID(), Attempt: 1, Revision: 1, Time: at.UTC(), Tenant: tenant, State: dcoder.UsageFinal, Tokens: dcoder.Tokens{Input: 1},
		})
	}
	limits := []dcoder.Limit{{Scope: "tenant", Metric: "tokens", Window: "month"}, {Scope: "tenant", Metric: "tokens", Window: "day"}}
	seeder := postgres.NewSeeder(s.Databases)
	waiting, err := seeder.SeedWith(t.Context(), tenant, "Pacific/Auckland", limits, midnight.Add(2*time.Hour), rows)
	require.NoError(t, err)
	assert.Equal(t, []int64{2, 2}, waiting)
	require.NoError(t, postgres.NewUsage(s.Databases).Write(t.Context(), tenant, rows))
	written, err := seeder.SeedWith(t.Context(), tenant, "Pacific/Auckland", limits, midnight.Add(2*time.Hour), rows)
	require.NoError(t, err)
	assert.Equal(t, waiting, written, "the same before and after they are written")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
