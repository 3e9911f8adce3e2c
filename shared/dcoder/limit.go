package dcoder

import "time"

// Micros is money in millionths of a currency unit. Money is never a float.
type Micros = int64

// Scope says whom a limit holds for.
type Scope string

// The scopes of a limit, from the narrowest to the widest.
const (
	ScopeKey      Scope = "key"
	ScopeUser     Scope = "user"
	ScopeGroup    Scope = "group"
	ScopeTenant   Scope = "tenant"
	ScopePlatform Scope = "platform" // all tenants together; set by the platform's owner
)

// Metric says what a limit counts.
type Metric string

// The metrics of a limit.
const (
	MetricRequests Metric = "requests" // calls
	MetricTokens   Metric = "tokens"   // input and output together
	MetricMoney    Metric = "money"    // micro-units of the tenant's currency
	MetricParallel Metric = "parallel" // calls in flight
)

// Window says over what a limit counts: a sliding minute, or a calendar period
// in the tenant's time zone. Calls in flight are counted at any one moment.
type Window string

// The windows of a limit. Requests and tokens may use any but now; money uses
// day, week (ISO 8601, from Monday) and month; parallel calls use now.
const (
	WindowNow    Window = "now"
	WindowMinute Window = "minute"
	WindowDay    Window = "day"
	WindowWeek   Window = "week"
	WindowMonth  Window = "month"
)

// LimitAction says what happens when a limit is reached.
type LimitAction string

// The actions of a limit. All but money is denied by default; money alerts by
// default: the request is answered and an event goes out.
const (
	ActionAlert    LimitAction = "alert"    // the call goes on
	ActionThrottle LimitAction = "throttle" // the call waits for room for a few seconds, then a retry is asked for
	ActionDeny     LimitAction = "deny"     // the call is refused
	ActionApprove  LimitAction = "approve"  // the call is refused until somebody approves of more
)

// Holds reports whether a limit with this action is never passed.
func (a LimitAction) Holds() bool { return a != ActionAlert }

// Limit is one line of a quota or a budget. Scope, Subject, Model, Metric and
// Window together are its identity within a tenant.
type Limit struct {
	Scope   Scope       `json:"scope"`
	Subject string      `json:"subject,omitempty"` // key, user or group id; "" for tenant scope and for "each" subject of the scope
	Model   string      `json:"model,omitempty"`   // only calls of this model or alias, as asked or as served; "" all
	Metric  Metric      `json:"metric"`
	Window  Window      `json:"window"`
	Max     int64       `json:"max"` // calls, tokens or micro-units; >= 0
	Action  LimitAction `json:"action"`
	Alerts  []int       `json:"alerts,omitempty"` // soft thresholds, per cent, ascending
	Raises  []Raise     `json:"raises,omitempty"` // what was approved on top of Max
}

// Raise is more room that was approved, for a while.
type Raise struct {
	By    int64     `json:"by"`
	Until time.Time `json:"until"`
}

// UsualAction is what a limit does that does not say: money alerts, all else
// denies.
func UsualAction(m Metric) LimitAction {
	if m == MetricMoney {
		return ActionAlert
	}
	return ActionDeny
}

// MaxAt is the limit with what was approved on top and holds at a time, and until
// when it stays so; zero: for good.
func (l *Limit) MaxAt(at time.Time) (most int64, until time.Time) {
	most = l.Max
	for _, r := range l.Raises {
		if !at.Before(r.Until) {
			continue
		}
		most += r.By
		if until.IsZero() || r.Until.Before(until) {
			until = r.Until
		}
	}
	return most, until
}

// Concerns reports whether a limit holds for a call of this scope's subject (see
// Principal) that asks for one model and is served by another.
func (l *Limit) Concerns(asked, provider, served string) bool {
	if l.Model == "" || l.Model == asked || l.Model == served {
		return true
	}
	return len(l.Model) == len(provider)+1+len(served) && l.Model[:len(provider)] == provider &&
		l.Model[len(provider)] == '/' && l.Model[len(provider)+1:] == served
}
