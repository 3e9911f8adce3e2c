// Package calls watches calls of models: it counts them under names and label
// sets that cannot grow without bound, and turns those that are sampled into
// spans for the platform's collector and for the tenant's own. It changes
// nothing about a call, and contents leave only where a tenant wants them at
// its own collector.
package calls

import (
	"sync/atomic"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/price"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
)

// Options say what is watched beyond counters.
type Options struct {
	Platform    *otlp.Exporter // nil: the platform's operators collect no spans
	Destination otlp.Destination
	Percent     int            // of calls without a traceparent that are sampled
	Tenants     *otlp.Exporter // nil: tenants' own collectors are not served
	LiteLLM     bool           // the same numbers under LiteLLM's names too
	TenantMost  int            // tenants with series of their own; 0: no label of tenants
}

// Watch implements llm.Observer. Build it with New.
type Watch struct {
	o        Options
	requests *metric.Table[requestKey, atomic.Int64]
	spending *metric.Table[modelKey, spending]
	times    *metric.Table[timeKey, times]
	own      *metric.Table[string, metric.Sizes]
	tenants  *metric.Table[string, spending]
	outcomes *metric.Table[outcomeKey, atomic.Int64]
	ledger   *metric.Sizes
}

// Most series of each table.
const (
	mostRequests = 2000
	mostModels   = 300
	mostTimes    = 40
	mostRoutes   = 20
	mostOutcomes = 60
)

type (
	requestKey struct{ route, provider, model, status string }
	modelKey   struct{ provider, model, currency string }
	timeKey    struct{ provider, operation string }
	outcomeKey struct{ family, label string }
)

// spending is what calls of one model, or of one tenant, used.
type spending struct {
	requests, input, output, cached, written, reasoning, cost atomic.Int64
}

// times are of one provider and operation, microseconds.
type times struct {
	total, first, provider *metric.Sizes
	input, output          *metric.Sizes // tokens
}

const other = "other"

// New returns a Watch.
func New(o Options) *Watch {
	return &Watch{
		o: o,
		requests: metric.NewTable(mostRequests, func(k requestKey) requestKey {
			return requestKey{other, other, other, k.status}
		}, build[atomic.Int64]),
		spending: metric.NewTable(mostModels, func(modelKey) modelKey { return modelKey{other, other, other} }, build[spending]),
		times: metric.NewTable(mostTimes, func(timeKey) timeKey { return timeKey{other, other} }, func() *times {
			d := func() *metric.Sizes { return metric.NewSizes(durationBounds) }
			return &times{d(), d(), d(), metric.NewSizes(tokenBounds), metric.NewSizes(tokenBounds)}
		}),
		own:      metric.NewTable(mostRoutes, toOther, func() *metric.Sizes { return metric.NewSizes(ownBounds) }),
		tenants:  metric.NewTable(max(o.TenantMost, 0), toOther, build[spending]),
		outcomes: metric.NewTable(mostOutcomes, func(k outcomeKey) outcomeKey { return outcomeKey{k.family, other} }, build[atomic.Int64]),
		ledger:   metric.NewSizes(ownBounds),
	}
}

func build[V any]() *V { return new(V) }

func toOther(string) string { return other }

// Observe implements llm.Observer.
func (w *Watch) Observe(req *llm.Request, r *dcoder.UsageRecord) {
	provider, model := names(req.Candidate())
	w.requests.Of(requestKey{routeOf(req), provider, model, class(r.Status)}).Add(1)
	w.spending.Of(modelKey{provider, model, r.Currency}).add(r)
	if w.o.TenantMost > 0 {
		w.tenants.Of(r.Tenant).add(r)
	}
	w.clock(req, r, provider)
	w.note(r, provider)
	w.trace(req, r)
}

func (s *spending) add(r *dcoder.UsageRecord) {
	s.requests.Add(1)
	t := &r.Tokens
	s.input.Add(t.Input)
	s.output.Add(t.Output)
	s.cost.Add(r.Cost)
	if t.CachedInput != 0 {
		s.cached.Add(t.CachedInput)
	}
	if n := t.CacheWrite5m + t.CacheWrite1h; n != 0 {
		s.written.Add(n)
	}
	if t.Reasoning != 0 {
		s.reasoning.Add(t.Reasoning)
	}
}

// note counts what happened to a call besides its answer.
func (w *Watch) note(r *dcoder.UsageRecord, provider string) {
	if r.Retries > 0 {
		w.outcomes.Of(outcomeKey{nameRetries, provider}).Add(int64(r.Retries))
	}
	if r.Failover {
		w.outcomes.Of(outcomeKey{nameFailovers, provider}).Add(1)
	}
	if r.Cache != "" {
		w.outcomes.Of(outcomeKey{nameCache, r.Cache}).Add(1)
	}
	if r.Guard != "" {
		w.outcomes.Of(outcomeKey{nameGuard, r.Guard}).Add(1)
	}
	if r.State == dcoder.UsageRefused {
		w.outcomes.Of(outcomeKey{nameRefused, r.ErrorCode}).Add(1)
	}
}

// names are the labels of who served: a model that the catalogue does not know
// is "other", whatever a tenant calls it.
func names(c *llm.Candidate) (provider, model string) {
	switch {
	case c == nil:
		return "none", "none"
	case price.Find(c.Grant.Dialect, c.Model) == nil:
		return c.Grant.Dialect, other
	}
	return c.Grant.Dialect, c.Model
}

// routes are those that calls come by; all else is told as other.
var routes = map[string]bool{
	"/v1/chat/completions": true, "/v1/completions": true, "/v1/messages": true, "/v1/messages/count_tokens": true,
	"/v1/responses": true, "/v1/embeddings": true,
}

func routeOf(req *llm.Request) string {
	if routes[req.Route] {
		return req.Route
	}
	return other
}

func class(status int) string {
	switch {
	case status == llm.StatusClientGone:
		return "gone"
	case status >= 200 && status < 300:
		return "2xx"
	case status == 429:
		return "429"
	case status >= 400 && status < 500:
		return "4xx"
	}
	return "5xx"
}
