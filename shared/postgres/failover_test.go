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

// TestTheCeilingOfFailoverIsRebuiltFromTheRows: of the calendar month, what is
// written and what waits, each once.
func TestTheCeilingOfFailoverIsRebuiltFromTheRows(t *testing.T) {
	t.Parallel()
	s := postgrestest.New(t)
	tenant := s.NewTenant()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	row := func(ago time.Duration, cost int64, failover bool) dcoder.UsageRecord {
		return dcoder.UsageRecord{
			V: 1, ID: dcoder.NewID(), Attempt: 1, Revision: 1, Time: at.Add(-ago), Tenant: tenant, Key: "k1", State: dcoder.UsageFinal,
			Cost: cost, Failover: failover,
		}
	}
	moved, plain, old := row(time.Hour, 10, true), row(time.Hour, 200, false), row(40*24*time.Hour, 4000, true)
	usage := postgres.NewUsage(s.Databases)
	require.NoError(t, usage.Write(t.Context(), tenant, []dcoder.UsageRecord{moved, plain, old}))
	corrected, waiting := moved, row(time.Minute, 7, true)
	corrected.Revision, corrected.Cost = 2, 30
	limits := []dcoder.Limit{dcoder.FailoverPolicy{MaxSpend: 1}.Limit()}
	seeder := postgres.NewSeeder(s.Databases)
	sums, err := seeder.Seed(t.Context(), tenant, "UTC", limits, at)
	require.NoError(t, err)
	assert.Equal(t, []int64{10}, sums)
	sums, err = seeder.SeedWith(t.Context(), tenant, "UTC", limits, at, []dcoder.UsageRecord{corrected, waiting})
	require.NoError(t, err)
	assert.Equal(t, []int64{37}, sums)
	require.NoError(t, usage.Write(t.Context(), tenant, []dcoder.UsageRecord{corrected}))
	sums, err = seeder.Seed(t.Context(), tenant, "UTC", limits, at)
	require.NoError(t, err)
	assert.Equal(t, []int64{30}, sums, "a higher revision replaces the row")
}
