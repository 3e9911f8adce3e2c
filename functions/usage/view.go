package usage

import (
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// view is the answer to either kind of question: total and groups, or rows.
type view struct {
	Tenant     string    `json:"tenant"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Currency   string    `json:"currency,omitempty" doc:"of every cost in this answer; costs are millionths of it"`
	Total      *sums     `json:"total,omitempty"`
	Groups     []group   `json:"groups,omitzero" doc:"with groupBy, dearest first"`
	Truncated  bool      `json:"truncated,omitempty" doc:"there are more groups than one answer holds"`
	Items      []row     `json:"items,omitzero" doc:"with view=rows, newest first"`
	NextCursor string    `json:"nextCursor,omitempty"`
}

type sums struct {
	Requests     int64       `json:"requests" doc:"calls; the attempts of one call count once"`
	Attempts     int64       `json:"attempts" doc:"rows: every attempt of every call"`
	Errors       int64       `json:"errors" doc:"rows with a status of 400 or more"`
	Estimated    int64       `json:"estimated" doc:"rows whose tokens were counted here, not reported by the provider"`
	Tokens       tokens      `json:"tokens"`
	Cost         int64       `json:"cost"`
	CostBaseline int64       `json:"costBaseline" doc:"what it would have cost without cache, compression and cheaper routes"`
	TotalMS      percentiles `json:"totalMs" doc:"milliseconds to the last byte, of calls without an error"`
	FirstTokenMS percentiles `json:"firstTokenMs" doc:"milliseconds to the first content, of calls that had one"`
}

type percentiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

type group struct {
	By map[string]string `json:"by" doc:"the group's value in each dimension asked for"`
	sums
}

type tokens struct {
	Input        int64 `json:"input" doc:"the cached kinds included"`
	Output       int64 `json:"output" doc:"reasoning included"`
	Total        int64 `json:"total"`
	CachedInput  int64 `json:"cachedInput"`
	CacheWrite5m int64 `json:"cacheWrite5m"`
	CacheWrite1h int64 `json:"cacheWrite1h"`
	Reasoning    int64 `json:"reasoning"`
	AudioInput   int64 `json:"audioInput"`
	AudioOutput  int64 `json:"audioOutput"`
	CachedAudio  int64 `json:"cachedAudio" doc:"part of cachedInput and of audioInput"`
	ImageOutput  int64 `json:"imageOutput" doc:"part of output"`
	WebSearches  int64 `json:"webSearches" doc:"searches that the provider ran: calls, not tokens"`
}

type row struct {
	ID           string    `json:"id"`
	Attempt      int       `json:"attempt"`
	Time         time.Time `json:"time"`
	RequestID    string    `json:"requestId"`
	Group        string    `json:"group"`
	User         string    `json:"user"`
	EndUser      string    `json:"endUser"`
	Key          string    `json:"key"`
	Route        string    `json:"route"`
	ModelAsked   string    `json:"modelAsked"`
	ModelServed  string    `json:"modelServed"`
	Provider     string    `json:"provider"`
	Stream       bool      `json:"stream"`
	Status       int       `json:"status"`
	ErrorCode    string    `json:"errorCode"`
	State        string    `json:"state" doc:"final, cancelled, failed, refused, lost"`
	Tokens       tokens    `json:"tokens"`
	Estimated    bool      `json:"estimated"`
	Cost         int64     `json:"cost"`
	CostBaseline int64     `json:"costBaseline"`
	Currency     string    `json:"currency"`
	PriceVersion string    `json:"priceVersion"`
	ServiceTier  string    `json:"serviceTier" doc:"as the provider answered"`
	Cache        string    `json:"cache"`
	Compression  string    `json:"compression"`
	Retries      int       `json:"retries"`
	FirstTokenMS int64     `json:"firstTokenMs"`
	TotalMS      int64     `json:"totalMs"`
}

func viewOfReport(tenant string, q metering.Query, r metering.Report) view {
	total := viewOfSums(r.Total)
	v := view{Tenant: tenant, From: q.From, To: q.To, Currency: r.Currency, Total: &total, Truncated: r.Truncated}
	for _, g := range r.Groups {
		by := make(map[string]string, len(g.By))
		for d, value := range g.By {
			by[string(d)] = value
		}
		v.Groups = append(v.Groups, group{by, viewOfSums(g.Sums)})
	}
	return v
}

func viewOfRows(tenant string, q metering.Query, records []dcoder.UsageRecord, next string) view {
	v := view{Tenant: tenant, From: q.From, To: q.To, Items: make([]row, len(records)), NextCursor: next}
	for i, r := range records {
		v.Items[i] = viewOfRecord(r)
	}
	return v
}

func viewOfSums(s metering.Sums) sums {
	return sums{
		Requests: s.Requests, Attempts: s.Attempts, Errors: s.Errors, Estimated: s.Estimated,
		Tokens: viewOfTokens(s.Tokens), Cost: s.Cost, CostBaseline: s.CostBaseline,
		TotalMS: percentiles(s.Total), FirstTokenMS: percentiles(s.FirstToken),
	}
}

func viewOfTokens(t dcoder.Tokens) tokens {
	return tokens{
		t.Input, t.Output, t.Input + t.Output, t.CachedInput, t.CacheWrite5m, t.CacheWrite1h,
		t.Reasoning, t.AudioInput, t.AudioOutput, t.CachedAudio, t.ImageOutput, t.WebSearches,
	}
}

func viewOfRecord(r dcoder.UsageRecord) row {
	return row{
		r.ID, r.Attempt, r.Time, r.RequestID, r.Group, r.User, r.EndUser, r.Key, r.Route, r.ModelAsked, r.ModelServed,
		r.Provider, r.Stream, r.Status, r.ErrorCode, string(r.State), viewOfTokens(r.Tokens), r.Estimated,
		r.Cost, r.CostBaseline, r.Currency, r.PriceVersion, r.ServiceTier, r.Cache, r.Compression, r.Retries, r.FirstTokenMS, r.TotalMS,
	}
}
