package dcoder

import (
	"crypto/rand"
	"time"
)

// TenantState says whether a tenant's credentials are good.
type TenantState = string

// The states of a tenant.
const (
	StateProvisioning TenantState = "provisioning" // its database is being made
	StateFailed       TenantState = "failed"       // its making stopped, and can go on
	StateActive       TenantState = "active"
	StateSuspended    TenantState = "suspended" // every credential is refused, nothing is lost
)

// Tenant is one customer: an organization with a database of its own.
type Tenant struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Platform string      `json:"platform"` // brand
	State    TenantState `json:"state"`
	Plan     string      `json:"plan"`     // "pooled", "silo"
	TimeZone string      `json:"timezone"` // IANA name: where its days, weeks and months begin
	Currency string      `json:"currency"` // ISO 4217
	Policies Policies    `json:"policies"`
	Created  time.Time   `json:"created"`
	Updated  time.Time   `json:"updated"`
}

// Policies is what a tenant's administrators may decide about its requests. The
// zero value of a field that has a default stands for the default.
type Policies struct {
	RedisDown   string           `json:"redisDown"`           // "closed", "open": calls while the ledger cannot be reached
	ColdOpen    bool             `json:"coldOpen"`            // calls while counters are unknown and Postgres is down
	OutputCap   int64            `json:"outputCap,omitempty"` // tokens reserved at most for an answer under alert-only money
	Cache       CachePolicy      `json:"cache"`               //
	Compression string           `json:"compression"`         // "off": requests may not ask for it
	Guardrails  string           `json:"guardrails"`          // "off", "alert", "mask", "block": what guard policies leave open
	Failover    bool             `json:"failover"`            // calls that fail may go to another provider; see FailoverPolicy
	LogContents bool             `json:"logContents"`         //
	Prices      map[string]Price `json:"prices,omitempty"`    // the tenant's own prices by "provider/model"

	FailoverSpend     Micros   `json:"failoverMaxSpend,omitempty"`  // FailoverPolicy.MaxSpend; 0 lets nothing be spent
	FailoverProviders []string `json:"failoverProviders,omitempty"` // FailoverPolicy.AllowedProviders
	Timeouts          Timeouts `json:"timeouts,omitzero"`           // of calls to providers
	CallerKeys        bool     `json:"callerKeys,omitempty"`        // a request may bring its own provider key
}

// FailoverPolicy returns what the policies say about failover.
func (p *Policies) FailoverPolicy() FailoverPolicy {
	return FailoverPolicy{Enabled: p.Failover, MaxSpend: p.FailoverSpend, AllowedProviders: p.FailoverProviders}
}

// CachePolicy says which answers may be given again.
type CachePolicy struct {
	Exact      bool   `json:"exact"`
	TTLSeconds int64  `json:"ttlSeconds"`
	Semantic   string `json:"semantic"` // "off", "shadow", "on"
}

// DefaultPolicies is what a new tenant begins with.
func DefaultPolicies() Policies {
	return Policies{
		RedisDown: "closed", Compression: "lossless", Guardrails: "alert",
		Cache: CachePolicy{Exact: true, TTLSeconds: 3600, Semantic: "shadow"},
	}
}

const (
	tenantIDLength = 12
	lowerAlphabet  = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// NewTenantID returns a random tenant id: 12 characters of [a-z0-9], the first
// a letter (61 bits), so that it can stand in names of databases and roles.
func NewTenantID() string {
	return randomText(lowerAlphabet[:26], 1) + randomText(lowerAlphabet, tenantIDLength-1)
}

// NewKeyID returns a random virtual key id: 12 characters of [a-z0-9].
func NewKeyID() string { return randomText(lowerAlphabet, 12) }

// ValidTenantID reports whether id has the shape of a tenant id. PlatformTenant
// has not.
func ValidTenantID(id string) bool {
	return len(id) == tenantIDLength && id[0] > '9' && isLowerText(id)
}

func isLowerText(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// randomText draws n characters evenly from alphabet: bytes that would favour
// its first characters are drawn again.
func randomText(alphabet string, n int) string {
	even := 256 / len(alphabet) * len(alphabet)
	out := make([]byte, 0, n)
	var b [64]byte
	for len(out) < n {
		_, _ = rand.Read(b[:])
		for _, c := range b {
			if int(c) < even && len(out) < n {
				out = append(out, alphabet[int(c)%len(alphabet)])
			}
		}
	}
	return string(out)
}
