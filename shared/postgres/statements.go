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

// Statement sums the rows of a month (its first day, UTC) of the tenant's
// calendar, a line for each combination of the dimensions, in the order of their
// values as bytes: the same rows make the same lines. 400 naming "by" when there
// are more lines than a statement holds.
func (u *Usage) Statement(ctx context.Context, tenant string, month time.Time, by []metering.Dimension) (zone string, lines []metering.StatementLine, err error) {
	h, err := u.databases.home(ctx, tenant)
	if err != nil {
		return "", nil, err
	}
	zone = h.tenant.TimeZone
	err = u.databases.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, statementQuery(by), zone, month.Format(time.DateOnly), month.AddDate(0, 1, 0).Format(time.DateOnly))
		if err != nil {
			return err
		}
		lines, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (metering.StatementLine, error) { return scanLine(row, len(by)) })
		return err
	})
	if err != nil {
		return zone, nil, fmt.Errorf("sum a month's usage: %w", err)
	}
	if len(lines) > metering.MostLines {
		return zone, nil, dcoder.Invalid("by", "the statement has more than %d lines: ask for fewer dimensions", metering.MostLines)
	}
	return zone, lines, nil
}

// statementQuery sums by the dimensions and the currency. Midnights are the
// zone's: $2 and $3 are local dates.
func statementQuery(by []metering.Dimension) string {
	var values, places []string
	for i, d := range by {
		values = append(values, `(`+usageExpressions[d]+`) COLLATE "C"`)
		places = append(places, strconv.Itoa(i+1))
	}
	values, places = append(values, `currency COLLATE "C"`), append(places, strconv.Itoa(len(by)+1))
	order := strings.Join(places, ", ")
	return `SELECT ` + strings.Join(values, ", ") + `,
  count(*) FILTER (WHERE attempt = 1), count(*), count(*) FILTER (WHERE estimated),
  sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cached_input_tokens)::bigint, sum(cache_write_5m_tokens)::bigint,
  sum(cache_write_1h_tokens)::bigint, sum(reasoning_tokens)::bigint, sum(audio_input_tokens)::bigint, sum(audio_output_tokens)::bigint,
  sum(cached_audio_tokens)::bigint, sum(image_output_tokens)::bigint, sum(web_searches)::bigint, sum(cost)::bigint,
  array_agg(DISTINCT price_version COLLATE "C" ORDER BY price_version COLLATE "C")
FROM usage
WHERE "time" >= $2::text::date::timestamp AT TIME ZONE $1 AND "time" < $3::text::date::timestamp AT TIME ZONE $1 AND state <> 'refused'
GROUP BY ` + order + ` ORDER BY ` + order + `
LIMIT ` + strconv.Itoa(metering.MostLines+1)
}

func scanLine(row pgx.CollectableRow, dimensions int) (l metering.StatementLine, err error) {
	l.By = make([]string, dimensions)
	var into []any
	for i := range l.By {
		into = append(into, &l.By[i])
	}
	t := &l.Tokens
	err = row.Scan(append(into, &l.Currency, &l.Requests, &l.Attempts, &l.Estimated,
		&t.Input, &t.Output, &t.CachedInput, &t.CacheWrite5m, &t.CacheWrite1h, &t.Reasoning, &t.AudioInput, &t.AudioOutput,
		&t.CachedAudio, &t.ImageOutput, &t.WebSearches, &l.Cost, &l.PriceVersions)...)
	return l, err
}

// Months lists the months of the tenant's calendar that have rows, newest first.
func (u *Usage) Months(ctx context.Context, tenant string) (months []metering.MonthSum, err error) {
	err = u.databases.ReadTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT to_char(day, 'YYYY-MM'), sum(requests)::bigint, sum(tokens)::bigint, sum(cost)::bigint
FROM usage_days WHERE scope = 'tenant' GROUP BY 1 ORDER BY 1 DESC`)
		if err != nil {
			return err
		}
		months, err = pgx.CollectRows(rows, pgx.RowToStructByPos[metering.MonthSum])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list months: %w", err)
	}
	return months, nil
}
