package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/postgres/postgrestest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func usageRecord(tenant string, i int) dcoder.UsageRecord {
	return dcoder.UsageRecord{
		V: 1, ID: dcoder.NewID(), Attempt: 1, Revision: 1, RequestID: fmt.Sprint("req-", i), Time: noon.Add(time.Duration(i) * time.Second),
		Tenant: tenant, Platform: "d.coder", Group: "g1", User: fmt.Sprint("u", i%3), Key: fmt.Sprint("k", i%2), EndUser: "e",
		Route: "/v1/chat/completions", ModelAsked: "fast", ModelServed: fmt.Sprint("m", i%2), Provider: "openai", Stream: true,
		Status: 200, State: dcoder.UsageFinal, Estimated: i%5 == 0,
		Tokens: dcoder.Tokens{Input: int64(100 + i), Output: int64(10 + i), CachedInput: 5, CacheWrite5m: 4, CacheWrite1h: 3, Reasoning: 2, AudioInput: 1, AudioOutput: 6, CachedAudio: 1, ImageOutput: 2, WebSearches: 3},
		Cost:   int64(1000 + i), CostBaseline: int64(2000 + i), Currency: "USD", PriceVersion: "p1", ServiceTier: "flex",
		Cache: "miss", Compression: "lossless", Retries: 1, FirstTokenMS: int64(i + 1), TotalMS: int64(10 * (i + 1)),
	}
}

func usageRecords(tenant string, n int) []dcoder.UsageRecord {
	out := make([]dcoder.UsageRecord, n)
	for i := range out {
		out[i] = usageRecord(tenant, i)
	}
	return out
}

var november = metering.Query{From: noon.AddDate(0, 0, -21), To: noon.AddDate(0, 0, 9)}

func allRows(t *testing.T, u *postgres.Usage, tenant string) []dcoder.UsageRecord {
	rows, err := u.Rows(context.Background(), tenant, november, metering.Place{}, 100_000)
	require.NoError(t, err)
	return rows
}

// day reads one line of the days' sums.
func day(t *testing.T, s *postgrestest.Site, tenant, scope, subject, date string) (sums [3]int64) {
	require.NoError(t, s.ReadTenant(context.Background(), tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT coalesce(sum(requests), 0)::bigint, coalesce(sum(tokens), 0)::bigint, coalesce(sum(cost), 0)::bigint
			FROM usage_days WHERE scope = $1 AND subject = $2 AND day = $3::date`, scope, subject, date).Scan(&sums[0], &sums[1], &sums[2])
	}))
	return sums
}

// truth sums rows as the days' sums must.
func truth(rows []dcoder.UsageRecord, of func(dcoder.UsageRecord) bool) (sums [3]int64) {
	for _, r := range rows {
		if of(r) {
			if r.Attempt == 1 && r.State != dcoder.UsageRefused {
				sums[0]++
			}
			sums[1] += r.Tokens.Input + r.Tokens.Output
			sums[2] += r.Cost
		}
	}
	return sums
}

func outbox(t *testing.T, s *postgrestest.Site, tenant string) (out []dcoder.Envelope) {
	require.NoError(t, s.ReadTenant(context.Background(), tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(context.Background(), `SELECT envelope FROM outbox ORDER BY id`)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowTo[dcoder.Envelope])
		return err
	}))
	return out
}

func setLimits(t *testing.T, s *postgrestest.Site, tenant string, limits ...dcoder.Limit) {
	require.NoError(t, s.InTenant(context.Background(), tenant, func(tx pgx.Tx) error {
		if _, err := tx.Exec(context.Background(), `DELETE FROM limits`); err != nil {
			return err
		}
		for _, l := range limits {
			if _, err := tx.Exec(context.Background(), `INSERT INTO limits (scope, subject, metric, "window", max, action, alerts) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				l.Scope, l.Subject, l.Metric, l.Window, l.Max, l.Action, append([]int{}, l.Alerts...)); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestAUsageRowKeepsEveryField(t *testing.T) {
	s := postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	r := usageRecord(tenant, 5)
	require.NoError(t, u.Write(context.Background(), tenant, []dcoder.UsageRecord{r}))
	assert.Equal(t, []dcoder.UsageRecord{r}, allRows(t, u, tenant))
}

func TestUsageIsWrittenOnceWhateverTheOrderRepeatsAndRevisions(t *testing.T) {
	ctx, s := context.Background(), postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	setLimits(t, s, tenant)

	// Each identity in up to three revisions, the last of which counts; all of it
	// twice, shuffled, by four writers at once.
	var sent, want []dcoder.UsageRecord
	for i, r := range usageRecords(tenant, 200) {
		r.Attempt = 1 + i%2
		if i%7 == 0 {
			r.State = dcoder.UsageRefused
		}
		for revision := range 1 + i%3 {
			r.Revision, r.Cost, r.Tokens.Output = revision+1, r.Cost*2, r.Tokens.Output+7
			r.Time = r.Time.Add(-13 * time.Hour) // also to another day
			sent = append(sent, r, r)
		}
		want = append(want, r)
	}
	rand.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for chunk := range slices.Chunk(sent[w*len(sent)/4:(w+1)*len(sent)/4], 13) {
				assert.NoError(t, u.Write(ctx, tenant, chunk))
			}
		})
	}
	writers.Wait()
	got := allRows(t, u, tenant)
	assert.ElementsMatch(t, want, got)
	for _, date := range []string{"2026-11-20", "2026-11-21", "2026-11-22"} {
		on := func(r dcoder.UsageRecord) bool { return r.Time.Format(time.DateOnly) == date }
		assert.Equal(t, truth(want, on), day(t, s, tenant, "tenant", "", date), date)
		for _, key := range []string{"k0", "k1"} {
			of := func(r dcoder.UsageRecord) bool { return on(r) && r.Key == key }
			assert.Equal(t, truth(want, of), day(t, s, tenant, "key", key, date))
		}
		of := func(r dcoder.UsageRecord) bool { return on(r) && r.User == "u2" }
		assert.Equal(t, truth(want, of), day(t, s, tenant, "user", "u2", date))
		assert.Equal(t, truth(want, on), day(t, s, tenant, "group", "g1", date))
	}
}

func TestDaysAreOfTheTenantsCalendar(t *testing.T) {
	s := postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenantFrom(dcoder.Onboarding{TimeZone: "Pacific/Auckland"})
	r := usageRecord(tenant, 0) // noon in UTC is one o'clock of the next day there
	require.NoError(t, u.Write(context.Background(), tenant, []dcoder.UsageRecord{r}))
	assert.Equal(t, [3]int64{1, 110, 1000}, day(t, s, tenant, "tenant", "", "2026-11-23"))
	q := november
	q.By = []metering.Dimension{metering.ByDay}
	report, err := u.Report(context.Background(), tenant, q)
	require.NoError(t, err)
	require.Len(t, report.Groups, 1)
	assert.Equal(t, "2026-11-23", report.Groups[0].By[metering.ByDay])
	q.TimeZone = "UTC"
	report, err = u.Report(context.Background(), tenant, q)
	require.NoError(t, err)
	assert.Equal(t, "2026-11-22", report.Groups[0].By[metering.ByDay])
}

func TestABudgetIsReachedOnceForEachThresholdAndPeriod(t *testing.T) {
	ctx, s := context.Background(), postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	monthly := dcoder.Limit{Scope: dcoder.ScopeTenant, Metric: dcoder.MetricMoney, Window: dcoder.WindowMonth, Max: 10_000, Action: dcoder.ActionAlert, Alerts: []int{50, 80}}
	each := dcoder.Limit{Scope: dcoder.ScopeKey, Metric: dcoder.MetricRequests, Window: dcoder.WindowDay, Max: 3, Action: dcoder.ActionDeny}
	setLimits(t, s, tenant, monthly, each,
		dcoder.Limit{Scope: dcoder.ScopeTenant, Metric: dcoder.MetricRequests, Window: dcoder.WindowMinute, Max: 1, Action: dcoder.ActionDeny})

	for _, r := range usageRecords(tenant, 12) { // 12 x ~1,000 micro-units, 6 calls of each key
		require.NoError(t, u.Write(ctx, tenant, []dcoder.UsageRecord{r, r}))
		require.NoError(t, u.Write(ctx, tenant, []dcoder.UsageRecord{r}))
	}
	next := usageRecord(tenant, 0)
	next.Time, next.Cost = noon.AddDate(0, 1, 0), 5_000
	require.NoError(t, u.Write(ctx, tenant, []dcoder.UsageRecord{next}))

	reached := map[string]int{}
	quotas := 0
	for _, e := range outbox(t, s, tenant) {
		assert.Equal(t, tenant, e.Tenant)
		assert.Equal(t, "/usage", e.Source)
		if e.Type == "quota.updated" {
			quotas++
			continue
		}
		b, err := dcoder.Decode[dcoder.BudgetReached](e)
		require.NoError(t, err)
		assert.NotEqual(t, dcoder.WindowMinute, b.Value.Limit.Window)
		reached[fmt.Sprint(b.Value.Limit.Metric, " ", b.Value.Limit.Subject, " ", b.Value.Period, " ", b.Value.Threshold)]++
	}
	assert.Equal(t, map[string]int{
		"money  2026-11 50": 1, "money  2026-11 80": 1, "money  2026-11 100": 1, "money  2026-12 50": 1,
		"requests k0 2026-11-22 100": 1, "requests k1 2026-11-22 100": 1,
	}, reached)
	assert.Greater(t, quotas, 5)

	// A raised budget is another one, and speaks again.
	monthly.Max = 20_000
	setLimits(t, s, tenant, monthly)
	require.NoError(t, u.Write(ctx, tenant, []dcoder.UsageRecord{usageRecord(tenant, 1)}))
	last := outbox(t, s, tenant)
	b, err := dcoder.Decode[dcoder.BudgetReached](last[slices.IndexFunc(last, func(e dcoder.Envelope) bool {
		b, err := dcoder.Decode[dcoder.BudgetReached](e)
		return err == nil && b.Value.Limit.Max == 20_000
	})])
	require.NoError(t, err)
	assert.Equal(t, 50, b.Value.Threshold)
}

func TestQuotaUpdatesAreFewHoweverManyCallsThereAre(t *testing.T) {
	s := postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	setLimits(t, s, tenant, dcoder.Limit{Scope: dcoder.ScopeTenant, Metric: dcoder.MetricRequests, Window: dcoder.WindowMonth, Max: 200, Action: dcoder.ActionDeny})
	for _, r := range usageRecords(tenant, 200) {
		require.NoError(t, u.Write(context.Background(), tenant, []dcoder.UsageRecord{r}))
	}
	var shown []int64
	for _, e := range outbox(t, s, tenant) {
		if q, err := dcoder.Decode[dcoder.QuotaUpdated](e); err == nil {
			shown = append(shown, q.Value.Used)
		}
	}
	assert.GreaterOrEqual(t, len(shown), 20)
	assert.LessOrEqual(t, len(shown), 21)
	assert.IsIncreasing(t, shown)
}

func TestQuotaUpdatesStayFewFarBeyondTheLimit(t *testing.T) {
	s := postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	setLimits(t, s, tenant, dcoder.Limit{Scope: dcoder.ScopeTenant, Metric: dcoder.MetricRequests, Window: dcoder.WindowMonth, Max: 0, Action: dcoder.ActionAlert})
	for _, r := range usageRecords(tenant, 300) {
		require.NoError(t, u.Write(context.Background(), tenant, []dcoder.UsageRecord{r}))
	}
	events := outbox(t, s, tenant)
	assert.Equal(t, 1, len(events)-updates(events), "the budget of nothing is reached once")
	assert.LessOrEqual(t, updates(events), 100)
}

func updates(events []dcoder.Envelope) (n int) {
	for _, e := range events {
		if e.Type == "quota.updated" {
			n++
		}
	}
	return n
}

func TestAReportSumsWhatTheQueryChooses(t *testing.T) {
	ctx, s := context.Background(), postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	records := usageRecords(tenant, 100)
	failed := usageRecord(tenant, 100)
	failed.Status, failed.ErrorCode, failed.State, failed.FirstTokenMS = 503, "upstream", dcoder.UsageFailed, 0
	retry := failed
	retry.Attempt, retry.Status = 2, 200
	records = append(records, failed, retry)
	require.NoError(t, u.Write(ctx, tenant, records))

	r, err := u.Report(ctx, tenant, november)
	require.NoError(t, err)
	want := metering.Sums{
		Requests: 101, Attempts: 102, Errors: 1, Estimated: 20 + 2, Tokens: dcoder.Tokens{
			Input: 100*100 + 4950 + 400, Output: 10*100 + 4950 + 220, CachedInput: 510, CacheWrite5m: 408, CacheWrite1h: 306,
			Reasoning: 204, AudioInput: 102, AudioOutput: 612, CachedAudio: 102, ImageOutput: 204, WebSearches: 306,
		},
		Cost: 1000*100 + 4950 + 2200, CostBaseline: 2000*100 + 4950 + 4200,
		Total: metering.Percentiles{P50: 510, P95: 960}, FirstToken: metering.Percentiles{P50: 50.5, P95: 95.05},
	}
	assert.Equal(t, "USD", r.Currency)
	assert.Empty(t, r.Groups)
	assert.InDelta(t, want.FirstToken.P95, r.Total.FirstToken.P95, 0.001)
	r.Total.FirstToken = want.FirstToken
	assert.Equal(t, want, r.Total)

	for name, row := range map[string]struct {
		change func(*metering.Query)
		rows   int64
	}{
		"model served": {func(q *metering.Query) { q.Model = "m1" }, 50},
		"model asked":  {func(q *metering.Query) { q.Model = "fast" }, 102},
		"key":          {func(q *metering.Query) { q.Key = "k1" }, 50},
		"user":         {func(q *metering.Query) { q.User = "u0" }, 34},
		"group":        {func(q *metering.Query) { q.Group = "g1" }, 102},
		"no such":      {func(q *metering.Query) { q.Group = "' OR true --" }, 0},
		"provider":     {func(q *metering.Query) { q.Provider = "openai" }, 102},
		"success":      {func(q *metering.Query) { q.Status = "success" }, 101},
		"error":        {func(q *metering.Query) { q.Status = "error" }, 1},
		"status":       {func(q *metering.Query) { q.Status = "503" }, 1},
		"time":         {func(q *metering.Query) { q.From, q.To = noon.Add(10*time.Second), noon.Add(20*time.Second) }, 10},
	} {
		q := november
		row.change(&q)
		r, err := u.Report(ctx, tenant, q)
		require.NoError(t, err, name)
		assert.Equal(t, row.rows, r.Total.Attempts, name)
		page, err := u.Rows(ctx, tenant, q, metering.Place{}, 1000)
		require.NoError(t, err, name)
		assert.Len(t, page, int(row.rows), name)
	}
}

func TestGroupsAddUpToTheTotal(t *testing.T) {
	ctx, s := context.Background(), postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	require.NoError(t, u.Write(ctx, tenant, usageRecords(tenant, 60)))
	for n := 1; n <= 4; n++ {
		for i := range metering.Dimensions {
			q := november
			for j := range n {
				q.By = append(q.By, metering.Dimensions[(i+j)%len(metering.Dimensions)])
			}
			r, err := u.Report(ctx, tenant, q)
			require.NoError(t, err, q.By)
			var rows, cost int64
			for _, g := range r.Groups {
				assert.Len(t, g.By, n)
				rows, cost = rows+g.Attempts, cost+g.Cost
			}
			assert.EqualValues(t, 60, rows, q.By)
			assert.Equal(t, r.Total.Cost, cost)
			assert.True(t, slices.IsSortedFunc(r.Groups, func(a, b metering.Group) int { return int(b.Cost - a.Cost) }))
		}
	}
}

func TestPagesOfRowsAreStableWhileRowsAreAdded(t *testing.T) {
	ctx, s := context.Background(), postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	first := usageRecords(tenant, 50)
	for i := range first {
		first[i].Time = noon // all at once: the identity decides
	}
	require.NoError(t, u.Write(ctx, tenant, first))
	var seen []dcoder.UsageRecord
	place := metering.Place{}
	for {
		page, err := u.Rows(ctx, tenant, november, place, 7)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		seen = append(seen, page...)
		last := page[len(page)-1]
		place = metering.Place{Time: last.Time, ID: last.ID, Attempt: last.Attempt}
		newer := usageRecord(tenant, 99)
		require.NoError(t, u.Write(ctx, tenant, []dcoder.UsageRecord{newer}))
	}
	assert.ElementsMatch(t, first, seen)
}

func TestUsageOfOneTenantIsNotAnothers(t *testing.T) {
	ctx, s := context.Background(), postgrestest.New(t)
	u, one, two := postgres.NewUsage(s.Databases), s.NewTenant(), s.NewTenant()
	require.NoError(t, u.Write(ctx, one, usageRecords(one, 3)))
	assert.Empty(t, allRows(t, u, two))
	err := u.Write(ctx, dcoder.NewTenantID(), usageRecords("x", 1))
	assert.Equal(t, 404, dcoder.AsError(err).Status)
}

func TestDataThatPostgresRefusesIsPoison(t *testing.T) {
	s := postgrestest.New(t)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	bad := usageRecord(tenant, 0)
	bad.Route = "a\x00b"
	require.ErrorIs(t, u.Write(context.Background(), tenant, []dcoder.UsageRecord{bad}), metering.ErrPoison)
	assert.Empty(t, allRows(t, u, tenant))
}

func BenchmarkUsageRows(b *testing.B) {
	s := postgrestest.New(b)
	u, tenant := postgres.NewUsage(s.Databases), s.NewTenant()
	for _, size := range []int{1, 20, 100, 1000} {
		b.Run(fmt.Sprint("batch=", size), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				batch := usageRecords(tenant, size)
				b.StartTimer()
				require.NoError(b, u.Write(context.Background(), tenant, batch))
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
