package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// usageExpressions says what a dimension is in SQL. $1 is always the time zone.
var usageExpressions = map[metering.Dimension]string{
	metering.ByModel:    "coalesce(nullif(model_served, ''), model_asked)",
	metering.ByKey:      "key",
	metering.ByUser:     "user_id",
	metering.ByGroup:    "group_id",
	metering.ByProvider: "provider",
	metering.ByStatus:   "status::text",
	metering.ByDay:      `to_char("time" AT TIME ZONE $1, 'YYYY-MM-DD')`,
	metering.ByMonth:    `to_char("time" AT TIME ZONE $1, 'YYYY-MM')`,
	metering.ByCache:    "cache",
}

// usageWhere writes the conditions of a query and their arguments, the first of
// which is the time zone.
func usageWhere(q metering.Query, zone string) (string, []any) {
	args := []any{zone}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	where := `$1::text IS NOT NULL AND "time" >= ` + arg(q.From) + ` AND "time" < ` + arg(q.To)
	for _, c := range []struct{ column, value string }{
		{"key", q.Key}, {"user_id", q.User}, {"group_id", q.Group}, {"provider", q.Provider},
	} {
		if c.value != "" {
			where += " AND " + c.column + " = " + arg(c.value)
		}
	}
	if q.Model != "" {
		p := arg(q.Model)
		where += " AND (model_served = " + p + " OR model_asked = " + p + ")"
	}
	switch n, err := strconv.Atoi(q.Status); {
	case q.Status == "":
	case q.Status == "success":
		where += " AND status < 400"
	case err != nil:
		where += " AND status >= 400"
	default:
		where += " AND status = " + arg(n)
	}
	return where, args
}

// usageSums are the columns that scanSums reads.
const usageSums = `count(*) FILTER (WHERE attempt = 1), count(*), count(*) FILTER (WHERE status >= 400), count(*) FILTER (WHERE estimated),
  coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint, coalesce(sum(cached_input_tokens), 0)::bigint,
  coalesce(sum(cache_write_5m_tokens), 0)::bigint, coalesce(sum(cache_write_1h_tokens), 0)::bigint, coalesce(sum(reasoning_tokens), 0)::bigint,
  coalesce(sum(audio_input_tokens), 0)::bigint, coalesce(sum(audio_output_tokens), 0)::bigint,
  coalesce(sum(cached_audio_tokens), 0)::bigint, coalesce(sum(image_output_tokens), 0)::bigint, coalesce(sum(web_searches), 0)::bigint,
  coalesce(sum(cost), 0)::bigint AS cost, coalesce(sum(cost_baseline), 0)::bigint,
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY total_ms) FILTER (WHERE status < 400),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY first_token_ms) FILTER (WHERE first_token_ms > 0)`

func sumsInto(s *metering.Sums, total, first *[]float64) []any {
	t := &s.Tokens
	return []any{
		&s.Requests, &s.Attempts, &s.Errors, &s.Estimated,
		&t.Input, &t.Output, &t.CachedInput, &t.CacheWrite5m, &t.CacheWrite1h, &t.Reasoning, &t.AudioInput, &t.AudioOutput,
		&t.CachedAudio, &t.ImageOutput, &t.WebSearches,
		&s.Cost, &s.CostBaseline, total, first,
	}
}

func percentiles(v []float64) metering.Percentiles {
	if len(v) != 2 {
		return metering.Percentiles{}
	}
	return metering.Percentiles{P50: v[0], P95: v[1]}
}

// reportUsage answers a query in one scan: the total and the groups are two
// grouping sets of it.
func reportUsage(ctx context.Context, tx pgx.Tx, q metering.Query, zone string) (metering.Report, error) {
	sql, args := reportStatement(q, zone)
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return metering.Report{}, fmt.Errorf("report usage: %w", err)
	}
	r := metering.Report{Groups: []metering.Group{}}
	values := make([]*string, len(q.By))
	var isTotal bool
	var sums metering.Sums
	var total, first []float64
	into := append([]any{&isTotal, &r.Currency}, sumsInto(&sums, &total, &first)...)
	for i := range values {
		into = append(into, &values[i])
	}
	_, err = pgx.ForEachRow(rows, into, func() error {
		sums.Total, sums.FirstToken = percentiles(total), percentiles(first)
		if isTotal {
			r.Total = sums
			return nil
		}
		if len(r.Groups) == metering.MostGroups {
			r.Truncated = true
			return nil
		}
		r.Groups = append(r.Groups, metering.Group{By: groupOf(q.By, values), Sums: sums})
		return nil
	})
	if err != nil {
		return metering.Report{}, fmt.Errorf("report usage: %w", err)
	}
	return r, nil
}

func groupOf(by []metering.Dimension, values []*string) map[metering.Dimension]string {
	out := make(map[metering.Dimension]string, len(by))
	for i, d := range by {
		if values[i] != nil {
			out[d] = *values[i]
		}
	}
	return out
}

func reportStatement(q metering.Query, zone string) (string, []any) {
	where, args := usageWhere(q, zone)
	dims := make([]string, len(q.By))
	inner := ""
	for i, d := range q.By {
		dims[i] = "d" + strconv.Itoa(i)
		inner += ", " + usageExpressions[d] + " AS " + dims[i]
	}
	list := strings.Join(dims, ", ")
	isTotal, sets, selected := "true", "()", ""
	if len(dims) > 0 {
		isTotal, sets, selected = "grouping("+dims[0]+") = 1", "(), ("+list+")", ", "+list
	}
	return `SELECT ` + isTotal + ` AS is_total, coalesce(max(currency), ''), ` + usageSums + selected + `
FROM (SELECT *` + inner + ` FROM usage WHERE ` + where + `) u
GROUP BY GROUPING SETS (` + sets + `)
ORDER BY is_total DESC, cost DESC` + selected + `
LIMIT ` + strconv.Itoa(metering.MostGroups+2), args
}

// pageUsage returns rows from the newest on, after a place.
func pageUsage(ctx context.Context, tx pgx.Tx, q metering.Query, after metering.Place, limit int) ([]dcoder.UsageRecord, error) {
	where, args := usageWhere(q, "UTC")
	if after.ID != "" {
		n := len(args)
		where += fmt.Sprintf(` AND ("time", id, attempt) < ($%d, $%d::uuid, $%d)`, n+1, n+2, n+3)
		args = append(args, after.Time, after.ID, after.Attempt)
	}
	rows, err := tx.Query(ctx, `
SELECT id::text, attempt, revision, "time", group_id, user_id, end_user, key, route, model_asked, model_served, provider, stream, status, error_code, state,
  input_tokens, output_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens,
  estimated, cost, cost_baseline, currency, price_version, cache, compression, retries, first_token_ms, total_ms, request_id, platform, failover,
  cached_audio_tokens, image_output_tokens, web_searches, service_tier
FROM usage WHERE `+where+` ORDER BY "time" DESC, id DESC, attempt DESC LIMIT `+strconv.Itoa(limit), args...)
	if err != nil {
		return nil, fmt.Errorf("page usage: %w", err)
	}
	return pgx.CollectRows(rows, scanUsage)
}

func scanUsage(row pgx.CollectableRow) (dcoder.UsageRecord, error) {
	r := dcoder.UsageRecord{V: 1}
	var at time.Time
	err := row.Scan(&r.ID, &r.Attempt, &r.Revision, &at, &r.Group, &r.User, &r.EndUser, &r.Key, &r.Route,
		&r.ModelAsked, &r.ModelServed, &r.Provider, &r.Stream, &r.Status, &r.ErrorCode, &r.State,
		&r.Tokens.Input, &r.Tokens.Output, &r.Tokens.CachedInput, &r.Tokens.CacheWrite5m, &r.Tokens.CacheWrite1h,
		&r.Tokens.Reasoning, &r.Tokens.AudioInput, &r.Tokens.AudioOutput, &r.Estimated, &r.Cost, &r.CostBaseline,
		&r.Currency, &r.PriceVersion, &r.Cache, &r.Compression, &r.Retries, &r.FirstTokenMS, &r.TotalMS, &r.RequestID, &r.Platform, &r.Failover,
		&r.Tokens.CachedAudio, &r.Tokens.ImageOutput, &r.Tokens.WebSearches, &r.ServiceTier)
	r.Time = at.UTC()
	return r, err
}
