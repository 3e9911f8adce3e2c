package dcoder

// Strategy says to which of an alias's targets a call goes.
type Strategy string

// The strategies of an alias.
const (
	StrategyWeighted Strategy = "weighted" // calls are shared by weight; the default
	StrategyCheapest Strategy = "cheapest" // the least money for this call, as far as it can be reckoned before
	StrategyFastest  Strategy = "fastest"  // the shortest time to a first token, as this process measured it
	StrategyOrdered  Strategy = "ordered"  // the first; the others are for failover
)

// Route is how an alias chooses among its targets and how long it waits. The
// zero value is weighted, with the tenant's timeouts.
type Route struct {
	Strategy Strategy `json:"strategy,omitempty"`
	Timeouts Timeouts `json:"timeouts,omitzero"`
}

// Timeouts bound a call to a provider, each in milliseconds; 0 leaves it to
// whoever is asked next: alias, tenant, process.
type Timeouts struct {
	FirstTokenMS int64 `json:"firstTokenMs,omitempty"` // from the last byte of the request to the first content of a stream
	IdleMS       int64 `json:"idleMs,omitempty"`       // between two events of a stream
	TotalMS      int64 `json:"totalMs,omitempty"`      // of the whole call, repetitions and all
}

// Or returns t with what it leaves open taken from u.
func (t Timeouts) Or(u Timeouts) Timeouts {
	for _, f := range []struct{ to, from *int64 }{
		{&t.FirstTokenMS, &u.FirstTokenMS}, {&t.IdleMS, &u.IdleMS}, {&t.TotalMS, &u.TotalMS},
	} {
		if *f.to == 0 {
			*f.to = *f.from
		}
	}
	return t
}

// FailoverPolicy says whether a call that failed before any content may go to
// another provider or another model, and what that may cost. The zero value
// allows nothing.
type FailoverPolicy struct {
	Enabled          bool     `json:"enabled"`
	MaxSpend         Micros   `json:"maxSpend"`         // of all such calls together in a calendar month of the tenant; nothing goes beyond it
	AllowedProviders []string `json:"allowedProviders"` // names of the tenant's providers that may be gone to
}

// ScopeFailover is the scope of a limit on what a tenant's calls cost that went to
// another provider. It stands in no quota: it is made of the FailoverPolicy.
const ScopeFailover Scope = "failover"

// AllFailover is the one subject of ScopeFailover.
const AllFailover = "all"

// Limit is the policy's ceiling as the ledger keeps it: exact, with what running
// calls hold.
func (p FailoverPolicy) Limit() Limit {
	return Limit{Scope: ScopeFailover, Subject: AllFailover, Metric: MetricMoney, Window: WindowMonth, Max: p.MaxSpend, Action: ActionDeny}
}
