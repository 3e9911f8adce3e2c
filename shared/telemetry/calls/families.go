package calls

import (
	"sync/atomic"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
)

// The names of our own families; they are stable.
const (
	nameRequests  = "dcoder_requests_total"
	nameTokens    = "dcoder_tokens_total"
	nameCost      = "dcoder_cost_micros_total"
	nameDuration  = "dcoder_request_duration_seconds"
	nameFirst     = "dcoder_time_to_first_token_seconds"
	nameProvider  = "dcoder_provider_duration_seconds"
	nameOwn       = "dcoder_overhead_seconds"
	nameLedger    = "dcoder_ledger_wait_seconds"
	nameSizes     = "dcoder_request_tokens"
	nameRetries   = "dcoder_retries_total"
	nameFailovers = "dcoder_failovers_total"
	nameCache     = "dcoder_cache_total"
	nameGuard     = "dcoder_guard_total"
	nameRefused   = "dcoder_refused_total"
	nameCoolings  = "dcoder_cooldowns_total"
	nameTenantReq = "dcoder_tenant_requests_total"
	nameTenantTok = "dcoder_tenant_tokens_total"
	nameTenantSum = "dcoder_tenant_cost_micros_total"
	nameSpans     = "dcoder_spans_total"
)

const micro = 1e-6

// Families implements metric.Source.
func (w *Watch) Families() []metric.Family {
	all := append([]metric.Family{w.requestFamily(), w.ownFamily(), {
		Name: nameLedger, Help: "Waiting for the ledger's verdict, all admissions of a call.", Unit: "s", Kind: metric.Histogram,
		Bounds: metric.Scale(ownBounds, micro), Points: []metric.Point{w.ledger.Point(micro)},
	}, {
		Name: nameCoolings, Help: "Pauses that failing deployments were given.",
		Points: []metric.Point{{Value: float64(llm.Coolings())}},
	}}, w.spendingFamilies()...)
	all = append(all, w.timeFamilies()...)
	all = append(all, w.outcomeFamilies()...)
	all = append(all, w.tenantFamilies()...)
	all = append(all, w.spanFamily())
	if w.o.LiteLLM {
		all = append(all, under(liteLLM, all)...)
	}
	return all
}

// Pushed is what is pushed over OTLP: our own families, and the conventions'.
func (w *Watch) Pushed() []metric.Family {
	all := w.Families()
	return append(all, under(genAI, all)...)
}

func (w *Watch) requestFamily() metric.Family {
	f := metric.Family{Name: nameRequests, Help: "Calls of models that ended, refusals too.", Unit: "{request}"}
	for k, v := range w.requests.All() {
		f.Points = append(f.Points, metric.Point{Value: float64(v.Load()), Labels: []metric.Label{
			{Name: "route", Value: k.route}, {Name: "provider", Value: k.provider}, {Name: "model", Value: k.model}, {Name: "status", Value: k.status},
		}})
	}
	return f
}

func (w *Watch) ownFamily() metric.Family {
	f := metric.Family{
		Name: nameOwn, Help: "The gateway's own share of the time until an answer was ready: without the provider and pauses that it asked for.",
		Unit: "s", Kind: metric.Histogram, Bounds: metric.Scale(ownBounds, micro),
	}
	for route, v := range w.own.All() {
		f.Points = append(f.Points, v.Point(micro, metric.Label{Name: "route", Value: route}))
	}
	return f
}

// tokens lists what was used, by kind. input holds cache_read and cache_write, output
// holds reasoning, as OpenAI counts.
func (s *spending) tokens(labels ...metric.Label) (points []metric.Point) {
	for _, t := range []struct {
		kind string
		n    *atomic.Int64
	}{{"input", &s.input}, {"output", &s.output}, {"cache_read", &s.cached}, {"cache_write", &s.written}, {"reasoning", &s.reasoning}} {
		if n := t.n.Load(); n != 0 {
			points = append(points, metric.Point{Value: float64(n), Labels: append(labels[:len(labels):len(labels)], metric.Label{Name: "type", Value: t.kind})})
		}
	}
	return points
}

func (w *Watch) spendingFamilies() []metric.Family {
	tokens := metric.Family{Name: nameTokens, Help: "Tokens by kind: input includes both of the cache, output includes reasoning.", Unit: "{token}"}
	cost := metric.Family{Name: nameCost, Help: "Cost in millionths of the currency."}
	for k, v := range w.spending.All() {
		who := []metric.Label{{Name: "provider", Value: k.provider}, {Name: "model", Value: k.model}}
		cost.Points = append(cost.Points, metric.Point{Value: float64(v.cost.Load()), Labels: append(who, metric.Label{Name: "currency", Value: k.currency})})
		tokens.Points = append(tokens.Points, v.tokens(append(who, metric.Label{Name: "currency", Value: k.currency})...)...)
	}
	return []metric.Family{tokens, cost}
}

func (w *Watch) timeFamilies() []metric.Family {
	d := metric.Scale(durationBounds, micro)
	total := metric.Family{Name: nameDuration, Help: "Whole calls, streams to their end.", Unit: "s", Kind: metric.Histogram, Bounds: d}
	first := metric.Family{Name: nameFirst, Help: "Until the first content of a stream.", Unit: "s", Kind: metric.Histogram, Bounds: d}
	provider := metric.Family{Name: nameProvider, Help: "Providers' share: until a stream's first content, or a whole answer; all tries.", Unit: "s", Kind: metric.Histogram, Bounds: d}
	sizes := metric.Family{Name: nameSizes, Help: "Tokens of one call.", Unit: "{token}", Kind: metric.Histogram, Bounds: metric.Scale(tokenBounds, 1)}
	for k, v := range w.times.All() {
		who := []metric.Label{{Name: "provider", Value: k.provider}, {Name: "operation", Value: k.operation}}
		total.Points = append(total.Points, v.total.Point(micro, who...))
		first.Points = append(first.Points, v.first.Point(micro, who...))
		provider.Points = append(provider.Points, v.provider.Point(micro, who...))
		of := func(kind string) []metric.Label { return append(who[:2:2], metric.Label{Name: "type", Value: kind}) }
		sizes.Points = append(sizes.Points, v.input.Point(1, of("input")...), v.output.Point(1, of("output")...))
	}
	return []metric.Family{total, first, provider, sizes}
}

// outcomes are the families of one label each.
var outcomes = []struct{ name, label, help string }{
	{nameRetries, "provider", "Repeated tries."},
	{nameFailovers, "provider", "Calls that ended at another service than the one planned, by where."},
	{nameCache, "outcome", "Outcomes of the answer cache."},
	{nameGuard, "outcome", "Calls that guardrails found something in, by the strongest of what they did."},
	{nameRefused, "code", "Calls that were not admitted, by code."},
}

func (w *Watch) outcomeFamilies() (all []metric.Family) {
	for _, o := range outcomes {
		f := metric.Family{Name: o.name, Help: o.help}
		for k, v := range w.outcomes.All() {
			if k.family == o.name {
				f.Points = append(f.Points, metric.Point{Value: float64(v.Load()), Labels: []metric.Label{{Name: o.label, Value: k.label}}})
			}
		}
		all = append(all, f)
	}
	return all
}

func (w *Watch) tenantFamilies() []metric.Family {
	if w.o.TenantMost <= 0 {
		return nil
	}
	requests := metric.Family{Name: nameTenantReq, Help: "Calls by tenant."}
	tokens := metric.Family{Name: nameTenantTok, Help: "Tokens by tenant and kind.", Unit: "{token}"}
	cost := metric.Family{Name: nameTenantSum, Help: "Cost by tenant, in millionths of its currency."}
	for tenant, v := range w.tenants.All() {
		who := metric.Label{Name: "tenant", Value: tenant}
		requests.Points = append(requests.Points, metric.Point{Value: float64(v.requests.Load()), Labels: []metric.Label{who}})
		cost.Points = append(cost.Points, metric.Point{Value: float64(v.cost.Load()), Labels: []metric.Label{who}})
		tokens.Points = append(tokens.Points, v.tokens(who)...)
	}
	return []metric.Family{requests, tokens, cost}
}

func (w *Watch) spanFamily() metric.Family {
	f := metric.Family{Name: nameSpans, Help: "Spans by collector, the platform's or tenants' own, and by what became of them."}
	for _, e := range []struct {
		to string
		*otlp.Exporter
	}{{"platform", w.o.Platform}, {"tenants", w.o.Tenants}} {
		if e.Exporter == nil {
			continue
		}
		for outcome, n := range map[string]int64{"sent": e.Sent(), "dropped": e.Dropped()} {
			f.Points = append(f.Points, metric.Point{Value: float64(n), Labels: []metric.Label{{Name: "to", Value: e.to}, {Name: "outcome", Value: outcome}}})
		}
	}
	return f
}
