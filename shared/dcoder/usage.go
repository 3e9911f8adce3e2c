package dcoder

import "time"

// UsageState says how a usage row came to its numbers.
type UsageState string

// The states of a usage row.
const (
	UsageFinal     UsageState = "final"     // the request ended and the provider reported its use
	UsageCancelled UsageState = "cancelled" // the client hung up; counted from what was delivered
	UsageFailed    UsageState = "failed"    // an error was answered
	UsageRefused   UsageState = "refused"   // not admitted: nothing was taken from any limit
	UsageLost      UsageState = "lost"      // the process died; counted from its last heartbeat
)

// Tokens counts tokens by kind. Input includes the cached kinds, Output includes
// Reasoning, as OpenAI counts.
type Tokens struct {
	Input        int64 `json:"input"`
	Output       int64 `json:"output"`
	CachedInput  int64 `json:"cached_input,omitempty"`
	CacheWrite5m int64 `json:"cache_write_5m,omitempty"`
	CacheWrite1h int64 `json:"cache_write_1h,omitempty"`
	Reasoning    int64 `json:"reasoning,omitempty"`
	AudioInput   int64 `json:"audio_input,omitempty"`
	AudioOutput  int64 `json:"audio_output,omitempty"`
	CachedAudio  int64 `json:"cached_audio,omitempty"` // counted in CachedInput and in AudioInput as well
	ImageOutput  int64 `json:"image_output,omitempty"` // part of Output
	WebSearches  int64 `json:"web_searches,omitempty"` // searches that the provider itself ran: paid by the call
}

// UsageRecord is one row of what was used: failures are rows too. Version 1. A
// reader ignores fields that it does not know; fields are only ever added.
type UsageRecord struct {
	V            int        `json:"v"`                      // 1
	ID           string     `json:"id"`                     // the gateway's own id of the call (UUIDv7), unique for ever
	Attempt      int        `json:"attempt"`                // which try of a failover this was, from 1
	Revision     int        `json:"revision"`               // a higher one replaces the row
	RequestID    string     `json:"request_id"`             // X-Request-Id, the client's or ours
	Time         time.Time  `json:"time"`                   // of admission, Redis time, UTC: decides the period
	Tenant       string     `json:"tenant"`                 //
	Platform     string     `json:"platform"`               //
	Group        string     `json:"group,omitempty"`        //
	User         string     `json:"user,omitempty"`         //
	EndUser      string     `json:"end_user,omitempty"`     //
	Key          string     `json:"key"`                    //
	Route        string     `json:"route"`                  // "/v1/chat/completions"
	ModelAsked   string     `json:"model_asked"`            // as the client wrote it
	ModelServed  string     `json:"model_served"`           // provider's model id
	Provider     string     `json:"provider"`               // the tenant's name of the credential's provider: "openai"
	Stream       bool       `json:"stream,omitempty"`       //
	Status       int        `json:"status"`                 // HTTP status answered; 499 when the client hung up first
	ErrorCode    string     `json:"error_code,omitempty"`   //
	State        UsageState `json:"state"`                  //
	Tokens       Tokens     `json:"tokens"`                 //
	Estimated    bool       `json:"estimated,omitempty"`    // tokens counted by us, not reported by the provider
	Cost         Micros     `json:"cost"`                   //
	CostBaseline Micros     `json:"cost_baseline"`          // what it would have cost without cache, compression, cheaper routes
	Currency     string     `json:"currency"`               // "USD"
	PriceVersion string     `json:"price_version"`          //
	ServiceTier  string     `json:"service_tier,omitempty"` // as the provider answered: "default", "flex", "priority", "batch" ...
	Cache        string     `json:"cache,omitempty"`        // "miss", "hit-exact", "hit-semantic", "bypass"
	Compression  string     `json:"compression,omitempty"`
	Guard        string     `json:"guard,omitempty"` // "alerted", "masked", "blocked"
	Retries      int        `json:"retries,omitempty"`
	FirstTokenMS int64      `json:"first_token_ms,omitempty"`
	TotalMS      int64      `json:"total_ms"`
	Failover     bool       `json:"failover,omitempty"` // served by another provider or model than the one that failed first
}
