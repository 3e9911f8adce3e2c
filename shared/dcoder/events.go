package dcoder

import "time"

// UsageRecorded carries the rows of one flush of the outbox: one event for many
// rows, since a relay moves thousands a second. A row is known by its id,
// attempt and revision, so a repeat of the event changes nothing.
type UsageRecorded struct {
	Records []UsageRecord `json:"records"`
}

// EventType implements EventData.
func (UsageRecorded) EventType() string { return "usage.recorded" }

// QuotaUpdated says that a limit's use changed by enough to show.
type QuotaUpdated struct {
	Limit  Limit     `json:"limit"`
	Used   int64     `json:"used"`
	Period string    `json:"period"`
	At     time.Time `json:"at"`
}

// EventType implements EventData.
func (QuotaUpdated) EventType() string { return "quota.updated" }

// BudgetReached says that the use of a budget crossed a threshold; once for each
// budget, threshold and period.
type BudgetReached struct {
	Limit     Limit     `json:"limit"`
	Threshold int       `json:"threshold"` // per cent of the limit
	Used      int64     `json:"used"`
	Period    string    `json:"period"` // "2026-11", "2026-W47", "2026-11-22"
	At        time.Time `json:"at"`
}

// EventType implements EventData.
func (BudgetReached) EventType() string { return "budget.reached" }

// TenantCreated says that a tenant is ready for its first request.
type TenantCreated struct {
	Tenant string `json:"tenant"`
	Name   string `json:"name"`
}

// EventType implements EventData.
func (TenantCreated) EventType() string { return "tenant.created" }

// TenantSuspended says that a tenant's credentials are refused from now on.
type TenantSuspended struct {
	Tenant string `json:"tenant"`
	Reason string `json:"reason"`
}

// EventType implements EventData.
func (TenantSuspended) EventType() string { return "tenant.suspended" }

// KeyRevoked says that a virtual key was blocked, deleted or replaced.
type KeyRevoked struct {
	Key    string `json:"key"`
	Reason string `json:"reason"` // "blocked", "deleted", "rotated"
}

// EventType implements EventData.
func (KeyRevoked) EventType() string { return "key.revoked" }

// ConfigChanged says that settings of a tenant changed: providers, aliases,
// limits, policies. What changed is named, never its value.
type ConfigChanged struct {
	Object string `json:"object"` // "provider", "alias", "quota" ...
	ID     string `json:"id"`
	Action string `json:"action"` // "set", "deleted"
}

// EventType implements EventData.
func (ConfigChanged) EventType() string { return "config.changed" }
