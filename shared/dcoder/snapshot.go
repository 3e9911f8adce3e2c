package dcoder

import "time"

// Generation is the version of what a snapshot was built from. It only grows
// and is never reused, not even after Redis lost everything: it is made from
// Redis' clock in microseconds. 0 is unknown.
type Generation int64

// Snapshot is everything that a request needs to know before it goes out, held
// in process, then sealed in Redis, then built from Postgres. Version 1: a
// reader that meets a version that it does not know builds its own.
type Snapshot struct {
	V         int        `json:"v"`
	TenantGen Generation `json:"tenant_gen"`
	KeyGen    Generation `json:"key_gen"`
	Loaded    time.Time  `json:"loaded"` // when it was read from Postgres

	// Provisional says that it was read while a change was being committed, which
	// it may or may not show: it is good for a second.
	Provisional bool `json:"provisional,omitempty"`

	Principal Principal `json:"principal"`
	Credential
	Tenant TenantPolicy `json:"tenant"`

	Models    []string                 `json:"models,omitempty"` // what the key may use: exact names or prefix patterns ending in *; empty: everything the tenant has
	Aliases   map[string][]Target      `json:"aliases,omitempty"`
	Providers map[string]ProviderGrant `json:"providers,omitempty"`
	Limits    []Limit                  `json:"limits,omitempty"`  // those that hold for this key, subjects filled in
	Prices    map[string]Price         `json:"prices,omitempty"`  // tenant overrides by "provider/model"
	Guard     GuardPolicy              `json:"guard,omitzero"`    // of the key, over the tenant's
	Routes    map[string]Route         `json:"routes,omitempty"`  // of the aliases that say how they choose; the others are weighted
	Tracing   *TracingGrant            `json:"tracing,omitempty"` // where the tenant wants its spans; nil: nowhere
	Cache     CacheRules               `json:"cache,omitzero"`    // of the key, over the tenant's
}

// Credential is what proves a virtual key: keyed hashes of its secret, never the
// secret. During a rotation the previous secret is good until PreviousUntil.
type Credential struct {
	Hash          []byte    `json:"hash"`
	PepperID      string    `json:"pepper_id"` // which pepper keyed Hash
	PreviousHash  []byte    `json:"previous_hash,omitempty"`
	PreviousUntil time.Time `json:"previous_until,omitzero"`
	Expires       time.Time `json:"expires,omitzero"` // zero: never
	Blocked       bool      `json:"blocked,omitempty"`
}

// TenantPolicy is what a tenant's administrators decided.
type TenantPolicy struct {
	State     string `json:"state"`    // "active", "suspended", "provisioning"
	Plan      string `json:"plan"`     // "pooled", "silo"
	TimeZone  string `json:"timezone"` // IANA name: where its days, weeks and months begin
	Currency  string `json:"currency"`
	RedisDown string `json:"redis_down"` // "closed" (default) or "open": what happens to calls while the ledger cannot be reached
	ColdOpen  bool   `json:"cold_open,omitempty"`
	OutputCap int64  `json:"output_cap,omitempty"` // tokens reserved at most for an answer under alert-only money
	Params    string `json:"params,omitempty"`     // "reject" (default) or "drop": what happens to parameters that a model cannot take

	Failover   FailoverPolicy `json:"failover,omitzero"`
	Timeouts   Timeouts       `json:"timeouts,omitzero"`
	CallerKeys bool           `json:"caller_keys,omitempty"` // a request may bring its own provider key

	Compression string `json:"compression,omitempty"` // "off": requests may not ask for it
}

// Target is one concrete model that an alias or a name may stand for, or another
// alias.
type Target struct {
	Provider string `json:"provider,omitempty"` // key of Snapshot.Providers
	Model    string `json:"model,omitempty"`    // the provider's own model id
	Weight   int    `json:"weight,omitempty"`
	Alias    string `json:"alias,omitempty"` // in place of provider and model
}

// ProviderGrant is a tenant's own credential with a provider, opened.
type ProviderGrant struct {
	Name    string   `json:"name"`             // the tenant's name for it, "openai"
	Dialect string   `json:"dialect"`          // "openai", "groq", "anthropic", "google", "vertex"
	BaseURL string   `json:"base_url"`         // scheme, host and path prefix
	Secret  string   `json:"secret"`           // the provider's API key; a snapshot at rest is sealed as a whole
	Models  []string `json:"models,omitempty"` // models that the tenant offers from it; empty: what the catalogue knows
}

// Price is what a million tokens cost, in micro-units of the currency. A kind
// without a price of its own costs what its whole costs: cached, written and
// audio input as Input, cached audio as CachedInput, an hour's cache writes as
// CacheWrite, audio and image output as Output.
type Price struct {
	Input       Micros `json:"input"`
	Output      Micros `json:"output"`
	CachedInput Micros `json:"cached_input,omitempty"`
	Version     string `json:"version"`
	OutputMax   int64  `json:"output_max,omitempty"` // the model's maximum answer, tokens; 0 unknown

	CacheWrite   Micros `json:"cache_write,omitempty"` // kept for five minutes
	CacheWrite1h Micros `json:"cache_write_1h,omitempty"`
	AudioInput   Micros `json:"audio_input,omitempty"`
	CachedAudio  Micros `json:"cached_audio,omitempty"`
	AudioOutput  Micros `json:"audio_output,omitempty"`
	ImageOutput  Micros `json:"image_output,omitempty"`
	WebSearches  Micros `json:"web_searches,omitempty"` // for a thousand of them

	LongFrom        int64  `json:"long_from,omitempty"` // above so many input tokens a call pays the long prices; 0 never
	LongInput       Micros `json:"long_input,omitempty"`
	LongOutput      Micros `json:"long_output,omitempty"`
	LongCachedInput Micros `json:"long_cached_input,omitempty"`
	LongCacheWrite  Micros `json:"long_cache_write,omitempty"`

	LongCacheWrite1h Micros `json:"long_cache_write_1h,omitempty"`

	Tiers []TierPrice `json:"tiers,omitempty"` // what other service tiers than the standard one cost
}

// TierPrice is what a service tier costs: a share of every standard rate of
// tokens, or rates of its own for calls that are not long.
type TierPrice struct {
	Tier        string `json:"tier"`              // "flex", "priority", "batch"
	Percent     int64  `json:"percent,omitempty"` // of the standard rates; 0: rates of its own follow
	Input       Micros `json:"input,omitempty"`
	Output      Micros `json:"output,omitempty"`
	CachedInput Micros `json:"cached_input,omitempty"`
}

// Free reports whether nothing about the price is known.
func (p *Price) Free() bool { return p.Input == 0 && p.Output == 0 }
