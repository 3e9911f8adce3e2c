package metering

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

const (
	mostText  = 1024    // bytes of a name in a record
	mostCount = 1 << 50 // tokens, micro-units, milliseconds: sums of thousands still fit 63 bits
)

// Check returns why a record cannot be a row of the tenant's, as a *dcoder.Error
// that names the field (422), or nil. A repeat of the record would fail the same
// way.
func Check(tenant string, r *dcoder.UsageRecord) error {
	switch {
	case !isUUID(r.ID):
		return poison("id", "is not a UUID")
	case r.Tenant != tenant:
		return poison("tenant", "is not the event's")
	case r.Attempt < 1 || r.Attempt > 1000:
		return poison("attempt", "is not 1 to 1000")
	case r.Revision < 0 || r.Revision > 1<<30:
		return poison("revision", "is out of range")
	case r.Status < 0 || r.Status > 999:
		return poison("status", "is no HTTP status")
	case r.Retries < 0 || r.Retries > 1<<20:
		return poison("retries", "is out of range")
	case r.Time.Before(earliest) || r.Time.After(latest):
		return poison("time", "is out of range")
	case r.State == "":
		return poison("state", "is missing")
	}
	return checkFields(r)
}

var (
	earliest = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

func checkFields(r *dcoder.UsageRecord) error {
	for _, f := range [...]struct{ name, text string }{
		{"request_id", r.RequestID},
		{"platform", r.Platform},
		{"group", r.Group},
		{"user", r.User},
		{"end_user", r.EndUser},
		{"key", r.Key},
		{"route", r.Route},
		{"model_asked", r.ModelAsked},
		{"model_served", r.ModelServed},
		{"provider", r.Provider},
		{"error_code", r.ErrorCode},
		{"state", string(r.State)},
		{"currency", r.Currency},
		{"price_version", r.PriceVersion},
		{"service_tier", r.ServiceTier},
		{"cache", r.Cache},
		{"compression", r.Compression},
	} {
		if len(f.text) > mostText || !utf8.ValidString(f.text) || strings.IndexByte(f.text, 0) >= 0 {
			return poison(f.name, "is too long or no text")
		}
	}
	for _, f := range [...]struct {
		name string
		n    int64
	}{
		{"tokens.input", r.Tokens.Input},
		{"tokens.output", r.Tokens.Output},
		{"tokens.cached_input", r.Tokens.CachedInput},
		{"tokens.cache_write_5m", r.Tokens.CacheWrite5m},
		{"tokens.cache_write_1h", r.Tokens.CacheWrite1h},
		{"tokens.reasoning", r.Tokens.Reasoning},
		{"tokens.audio_input", r.Tokens.AudioInput},
		{"tokens.audio_output", r.Tokens.AudioOutput},
		{"tokens.cached_audio", r.Tokens.CachedAudio},
		{"tokens.image_output", r.Tokens.ImageOutput},
		{"tokens.web_searches", r.Tokens.WebSearches},
		{"cost", r.Cost},
		{"cost_baseline", r.CostBaseline},
		{"first_token_ms", r.FirstTokenMS},
		{"total_ms", r.TotalMS},
	} {
		if f.n < 0 || f.n > mostCount {
			return poison(f.name, "is out of range")
		}
	}
	return nil
}

func poison(field, what string) error {
	return &dcoder.Error{Status: 422, Code: "poison_record", Field: field, Message: "a usage record's " + field + " " + what}
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
			continue
		}
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// Newest keeps of each (id, attempt) the record of the highest revision, in an
// order that is the same for every writer, so that two of them cannot lock each
// other out.
func Newest(records []dcoder.UsageRecord) []dcoder.UsageRecord {
	type identity struct {
		id      string
		attempt int
	}
	best := make(map[identity]int, len(records))
	out := make([]dcoder.UsageRecord, 0, len(records))
	for _, r := range records {
		k := identity{strings.ToLower(r.ID), r.Attempt}
		i, seen := best[k]
		switch {
		case !seen:
			best[k] = len(out)
			out = append(out, r)
		case r.Revision > out[i].Revision:
			out[i] = r
		}
	}
	slices.SortFunc(out, func(a, b dcoder.UsageRecord) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), a.Attempt-b.Attempt)
	})
	return out
}

// ErrPoison is what a store answers when the database refuses the data itself: a
// repeat would fail the same way.
var ErrPoison = errors.New("a usage record cannot be stored")
