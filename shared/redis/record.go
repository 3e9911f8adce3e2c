package redis

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// appendRecord appends a usage record as encoding/json writes it (a test holds
// them together), for a fraction of the cost: every call writes two of them.
func appendRecord(b []byte, r *dcoder.UsageRecord) []byte {
	b = appendInt(append(b, '{'), `"v":`, int64(r.V))
	b = appendString(b, `,"id":`, r.ID)
	b = appendInt(b, `,"attempt":`, int64(r.Attempt))
	b = appendInt(b, `,"revision":`, int64(r.Revision))
	b = appendString(b, `,"request_id":`, r.RequestID)
	b = append(b, `,"time":"`...)
	b = append(r.Time.AppendFormat(b, time.RFC3339Nano), '"')
	b = appendString(b, `,"tenant":`, r.Tenant)
	b = appendString(b, `,"platform":`, r.Platform)
	b = appendText(b, `,"group":`, r.Group)
	b = appendText(b, `,"user":`, r.User)
	b = appendText(b, `,"end_user":`, r.EndUser)
	b = appendString(b, `,"key":`, r.Key)
	b = appendString(b, `,"route":`, r.Route)
	b = appendString(b, `,"model_asked":`, r.ModelAsked)
	b = appendString(b, `,"model_served":`, r.ModelServed)
	b = appendString(b, `,"provider":`, r.Provider)
	if r.Stream {
		b = append(b, `,"stream":true`...)
	}
	b = appendInt(b, `,"status":`, int64(r.Status))
	b = appendText(b, `,"error_code":`, r.ErrorCode)
	b = appendString(b, `,"state":`, string(r.State))
	b = appendTokens(append(b, `,"tokens":`...), &r.Tokens)
	if r.Estimated {
		b = append(b, `,"estimated":true`...)
	}
	b = appendInt(b, `,"cost":`, r.Cost)
	b = appendInt(b, `,"cost_baseline":`, r.CostBaseline)
	b = appendString(b, `,"currency":`, r.Currency)
	b = appendString(b, `,"price_version":`, r.PriceVersion)
	b = appendText(b, `,"service_tier":`, r.ServiceTier)
	b = appendText(b, `,"cache":`, r.Cache)
	b = appendText(b, `,"compression":`, r.Compression)
	b = appendText(b, `,"guard":`, r.Guard)
	b = appendSome(b, `,"retries":`, int64(r.Retries))
	b = appendSome(b, `,"first_token_ms":`, r.FirstTokenMS)
	b = appendInt(b, `,"total_ms":`, r.TotalMS)
	if r.Failover {
		b = append(b, `,"failover":true`...)
	}
	return append(b, '}')
}

func appendTokens(b []byte, t *dcoder.Tokens) []byte {
	b = appendInt(append(b, '{'), `"input":`, t.Input)
	b = appendInt(b, `,"output":`, t.Output)
	b = appendSome(b, `,"cached_input":`, t.CachedInput)
	b = appendSome(b, `,"cache_write_5m":`, t.CacheWrite5m)
	b = appendSome(b, `,"cache_write_1h":`, t.CacheWrite1h)
	b = appendSome(b, `,"reasoning":`, t.Reasoning)
	b = appendSome(b, `,"audio_input":`, t.AudioInput)
	b = appendSome(b, `,"audio_output":`, t.AudioOutput)
	b = appendSome(b, `,"cached_audio":`, t.CachedAudio)
	b = appendSome(b, `,"image_output":`, t.ImageOutput)
	b = appendSome(b, `,"web_searches":`, t.WebSearches)
	return append(b, '}')
}

func appendInt(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), n, 10)
}

// appendSome leaves a zero out.
func appendSome(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return appendInt(b, name, n)
}

// appendText leaves an empty text out.
func appendText(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(b, name, s)
}

func appendString(b []byte, name, s string) []byte {
	b = append(b, name...)
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always has a form
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
