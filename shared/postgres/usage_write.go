package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// usageColumns ties each column to its SQL type and to the record's field; the
// rows of a batch travel as one array a column.
var usageColumns = []struct {
	name, typ string
	array     func([]dcoder.UsageRecord) any
}{
	{"id", "uuid", column(func(r *dcoder.UsageRecord) string { return r.ID })},
	{"attempt", "int", column(func(r *dcoder.UsageRecord) int { return r.Attempt })},
	{"revision", "int", column(func(r *dcoder.UsageRecord) int { return r.Revision })},
	{`"time"`, "timestamptz", column(func(r *dcoder.UsageRecord) time.Time { return r.Time })},
	{"group_id", "text", column(func(r *dcoder.UsageRecord) string { return r.Group })},
	{"user_id", "text", column(func(r *dcoder.UsageRecord) string { return r.User })},
	{"end_user", "text", column(func(r *dcoder.UsageRecord) string { return r.EndUser })},
	{"key", "text", column(func(r *dcoder.UsageRecord) string { return r.Key })},
	{"route", "text", column(func(r *dcoder.UsageRecord) string { return r.Route })},
	{"model_asked", "text", column(func(r *dcoder.UsageRecord) string { return r.ModelAsked })},
	{"model_served", "text", column(func(r *dcoder.UsageRecord) string { return r.ModelServed })},
	{"provider", "text", column(func(r *dcoder.UsageRecord) string { return r.Provider })},
	{"stream", "bool", column(func(r *dcoder.UsageRecord) bool { return r.Stream })},
	{"status", "int", column(func(r *dcoder.UsageRecord) int { return r.Status })},
	{"error_code", "text", column(func(r *dcoder.UsageRecord) string { return r.ErrorCode })},
	{"state", "text", column(func(r *dcoder.UsageRecord) string { return string(r.State) })},
	{"input_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.Input })},
	{"output_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.Output })},
	{"cached_input_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.CachedInput })},
	{"cache_write_5m_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.CacheWrite5m })},
	{"cache_write_1h_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.CacheWrite1h })},
	{"reasoning_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.Reasoning })},
	{"audio_input_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.AudioInput })},
	{"audio_output_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.AudioOutput })},
	{"estimated", "bool", column(func(r *dcoder.UsageRecord) bool { return r.Estimated })},
	{"cost", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Cost })},
	{"cost_baseline", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.CostBaseline })},
	{"currency", "text", column(func(r *dcoder.UsageRecord) string { return r.Currency })},
	{"price_version", "text", column(func(r *dcoder.UsageRecord) string { return r.PriceVersion })},
	{"cache", "text", column(func(r *dcoder.UsageRecord) string { return r.Cache })},
	{"compression", "text", column(func(r *dcoder.UsageRecord) string { return r.Compression })},
	{"retries", "int", column(func(r *dcoder.UsageRecord) int { return r.Retries })},
	{"first_token_ms", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.FirstTokenMS })},
	{"total_ms", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.TotalMS })},
	{"request_id", "text", column(func(r *dcoder.UsageRecord) string { return r.RequestID })},
	{"guard", "text", column(func(r *dcoder.UsageRecord) string { return r.Guard })},
	{"failover", "bool", column(func(r *dcoder.UsageRecord) bool { return r.Failover })},
	{"cached_audio_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.CachedAudio })},
	{"image_output_tokens", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.ImageOutput })},
	{"web_searches", "bigint", column(func(r *dcoder.UsageRecord) int64 { return r.Tokens.WebSearches })},
	{"service_tier", "text", column(func(r *dcoder.UsageRecord) string { return r.ServiceTier })},
	{"platform", "text", column(func(r *dcoder.UsageRecord) string { return r.Platform })},
}

func column[T any](field func(*dcoder.UsageRecord) T) func([]dcoder.UsageRecord) any {
	return func(rs []dcoder.UsageRecord) any {
		out := make([]T, len(rs))
		for i := range rs {
			out[i] = field(&rs[i])
		}
		return out
	}
}

// usageWrite inserts what is new, replaces what has a higher revision, and moves
// the days' sums by the difference: old rows with a minus, written ones with a
// plus. Every part of one statement sees the table as it was before. It returns
// the (scope, subject, day) that moved.
var usageWrite = writeStatement()

func writeStatement() string {
	var names, arrays, updates string
	for i, c := range usageColumns {
		sep := ", "
		if i == 0 {
			sep = ""
		}
		names += sep + c.name
		arrays += fmt.Sprintf("%s$%d::%s[]", sep, i+2, c.typ)
		if i >= 2 {
			updates += fmt.Sprintf("%s = excluded.%s, ", c.name, c.name)
		}
	}
	// The attempts of a call take one request from its limits, a refused call none.
	const counts = "(%[1]sattempt = 1 AND %[1]sstate <> 'refused')::int AS requests, %[1]sinput_tokens + %[1]soutput_tokens AS tokens, %[1]scost"
	return `
WITH input AS (
  SELECT *, ("time" AT TIME ZONE $1)::date AS day FROM unnest(` + arrays + `) AS i(` + names + `)
), old AS MATERIALIZED (
  SELECT u.day, u.key, u.user_id, u.group_id, u.failover, ` + fmt.Sprintf(counts, "u.") + `
  FROM usage u JOIN input i USING (id, attempt) WHERE u.revision < i.revision
), written AS (
  INSERT INTO usage (` + names + `, day) SELECT ` + names + `, day FROM input
  ON CONFLICT (id, attempt) DO UPDATE SET ` + updates + `day = excluded.day WHERE usage.revision < excluded.revision
  RETURNING day, key, user_id, group_id, failover, ` + fmt.Sprintf(counts, "") + `
), moved AS (
  SELECT day, key, user_id, group_id, failover, requests, tokens, cost FROM written
  UNION ALL SELECT day, key, user_id, group_id, failover, -requests, -tokens, -cost FROM old
)
INSERT INTO usage_days AS d (scope, subject, day, requests, tokens, cost)
SELECT s.scope, s.subject, m.day, sum(m.requests), sum(m.tokens), sum(m.cost)
FROM moved m CROSS JOIN LATERAL (VALUES ('tenant', ''), ('key', m.key), ('user', m.user_id), ('group', m.group_id),
  ('failover', CASE WHEN m.failover THEN '` + dcoder.AllFailover + `' END)) AS s(scope, subject)
WHERE s.scope = 'tenant' OR s.subject <> ''
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (scope, subject, day) DO UPDATE
SET requests = d.requests + excluded.requests, tokens = d.tokens + excluded.tokens, cost = d.cost + excluded.cost
RETURNING scope, subject, day`
}

// usageDay is one line of usage_days that moved.
type usageDay struct {
	Scope   dcoder.Scope
	Subject string
	Day     time.Time
}

// writeUsage puts records (each identity once) into the tables and returns which
// days of which subjects moved.
func writeUsage(ctx context.Context, tx pgx.Tx, zone string, records []dcoder.UsageRecord) ([]usageDay, error) {
	args := make([]any, 0, len(usageColumns)+1)
	args = append(args, zone)
	for _, c := range usageColumns {
		args = append(args, c.array(records))
	}
	rows, err := tx.Query(ctx, usageWrite, args...)
	if err != nil {
		return nil, fmt.Errorf("write %d usage rows: %w", len(records), err)
	}
	days, err := pgx.CollectRows(rows, pgx.RowToStructByPos[usageDay])
	if err != nil {
		return nil, fmt.Errorf("write %d usage rows: %w", len(records), err)
	}
	return days, nil
}
