package dcoder_test

import "time"

// The records as the first build (version 1) declared them, for the tests of
// v1_test.go. Nothing here changes with the program: it is what older processes,
// and what they have written, expect.

type (
	v1Snapshot struct {
		V           int         `json:"v"`
		TenantGen   int64       `json:"tenant_gen"`
		KeyGen      int64       `json:"key_gen"`
		Loaded      time.Time   `json:"loaded"`
		Provisional bool        `json:"provisional,omitempty"`
		Principal   v1Principal `json:"principal"`
		v1Credential
		Tenant    v1TenantPolicy             `json:"tenant"`
		Models    []string                   `json:"models,omitempty"`
		Aliases   map[string][]v1Target      `json:"aliases,omitempty"`
		Providers map[string]v1ProviderGrant `json:"providers,omitempty"`
		Limits    []v1Limit                  `json:"limits,omitempty"`
		Prices    map[string]v1Price         `json:"prices,omitempty"`
	}
	v1Principal struct {
		Tenant      string   `json:"tenant"`
		Platform    string   `json:"platform"`
		Key         string   `json:"key,omitempty"`
		User        string   `json:"user,omitempty"`
		Group       string   `json:"group,omitempty"`
		EndUser     string   `json:"end_user,omitempty"`
		Role        string   `json:"role"`
		Permissions []string `json:"permissions"`
	}
	v1Credential struct {
		Hash          []byte    `json:"hash"`
		PepperID      string    `json:"pepper_id"`
		PreviousHash  []byte    `json:"previous_hash,omitempty"`
		PreviousUntil time.Time `json:"previous_until,omitzero"`
		Expires       time.Time `json:"expires,omitzero"`
		Blocked       bool      `json:"blocked,omitempty"`
	}
	v1TenantPolicy struct {
		State     string `json:"state"`
		Plan      string `json:"plan"`
		TimeZone  string `json:"timezone"`
		Currency  string `json:"currency"`
		RedisDown string `json:"redis_down"`
		ColdOpen  bool   `json:"cold_open,omitempty"`
		OutputCap int64  `json:"output_cap,omitempty"`
	}
	v1Target struct {
		Provider string `json:"provider"`
		Model    string `json:"model"`
		Weight   int    `json:"weight,omitempty"`
	}
	v1ProviderGrant struct {
		Name    string   `json:"name"`
		Dialect string   `json:"dialect"`
		BaseURL string   `json:"base_url"`
		Secret  string   `json:"secret"`
		Models  []string `json:"models,omitempty"`
	}
	v1Price struct {
		Input           int64  `json:"input"`
		Output          int64  `json:"output"`
		CachedInput     int64  `json:"cached_input,omitempty"`
		Version         string `json:"version"`
		OutputMax       int64  `json:"output_max,omitempty"`
		CacheWrite      int64  `json:"cache_write,omitempty"`
		AudioInput      int64  `json:"audio_input,omitempty"`
		AudioOutput     int64  `json:"audio_output,omitempty"`
		LongFrom        int64  `json:"long_from,omitempty"`
		LongInput       int64  `json:"long_input,omitempty"`
		LongOutput      int64  `json:"long_output,omitempty"`
		LongCachedInput int64  `json:"long_cached_input,omitempty"`
		LongCacheWrite  int64  `json:"long_cache_write,omitempty"`
	}
	v1Limit struct {
		Scope   string `json:"scope"`
		Subject string `json:"subject,omitempty"`
		Metric  string `json:"metric"`
		Window  string `json:"window"`
		Max     int64  `json:"max"`
		Action  string `json:"action"`
		Alerts  []int  `json:"alerts,omitempty"`
	}
	v1UsageRecord struct {
		V            int       `json:"v"`
		ID           string    `json:"id"`
		Attempt      int       `json:"attempt"`
		Revision     int       `json:"revision"`
		RequestID    string    `json:"request_id"`
		Time         time.Time `json:"time"`
		Tenant       string    `json:"tenant"`
		Platform     string    `json:"platform"`
		Group        string    `json:"group,omitempty"`
		User         string    `json:"user,omitempty"`
		EndUser      string    `json:"end_user,omitempty"`
		Key          string    `json:"key"`
		Route        string    `json:"route"`
		ModelAsked   string    `json:"model_asked"`
		ModelServed  string    `json:"model_served"`
		Provider     string    `json:"provider"`
		Stream       bool      `json:"stream,omitempty"`
		Status       int       `json:"status"`
		ErrorCode    string    `json:"error_code,omitempty"`
		State        string    `json:"state"`
		Tokens       v1Tokens  `json:"tokens"`
		Estimated    bool      `json:"estimated,omitempty"`
		Cost         int64     `json:"cost"`
		CostBaseline int64     `json:"cost_baseline"`
		Currency     string    `json:"currency"`
		PriceVersion string    `json:"price_version"`
		Cache        string    `json:"cache,omitempty"`
		Compression  string    `json:"compression,omitempty"`
		Retries      int       `json:"retries,omitempty"`
		FirstTokenMS int64     `json:"first_token_ms,omitempty"`
		TotalMS      int64     `json:"total_ms"`
	}
	v1Tokens struct {
		Input        int64 `json:"input"`
		Output       int64 `json:"output"`
		CachedInput  int64 `json:"cached_input,omitempty"`
		CacheWrite5m int64 `json:"cache_write_5m,omitempty"`
		CacheWrite1h int64 `json:"cache_write_1h,omitempty"`
		Reasoning    int64 `json:"reasoning,omitempty"`
		AudioInput   int64 `json:"audio_input,omitempty"`
		AudioOutput  int64 `json:"audio_output,omitempty"`
	}
)
