package price

import (
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Imported is a price from another catalogue.
type Imported struct {
	Name    string       // as it stands there
	Dialect string       //
	Names   []string     // that mean the model: exact ones, and patterns (# any digit, * at an end)
	Price   dcoder.Price //
}

// Takes reports whether the price is a model's.
func (i *Imported) Takes(dialect, model string) bool {
	if i.Dialect != dialect {
		return false
	}
	model = strings.ToLower(model)
	for _, n := range i.Names {
		if glob(strings.ToLower(n), model) {
			return true
		}
	}
	return false
}

// Untaken is what of another catalogue was not understood, or is not for us.
type Untaken struct {
	Name string `json:"name" doc:"as it stands in the file"`
	Why  string `json:"why"`
}

// The bounds of a price that anybody can mean: micro-units for a million tokens,
// tokens.
const (
	MostRate   dcoder.Micros = 1_000_000_000_000
	MostTokens int64         = 100_000_000
)

// Absurd names the first field of a price that nobody can mean, as it stands in
// JSON; "" when all can be.
func Absurd(p *dcoder.Price) string {
	for _, f := range []struct {
		name string
		rate dcoder.Micros
	}{
		{"input", p.Input},
		{"output", p.Output},
		{"cached_input", p.CachedInput},
		{"cache_write", p.CacheWrite},
		{"cache_write_1h", p.CacheWrite1h},
		{"audio_input", p.AudioInput},
		{"cached_audio", p.CachedAudio},
		{"audio_output", p.AudioOutput},
		{"image_output", p.ImageOutput},
		{"web_searches", p.WebSearches},
		{"long_input", p.LongInput},
		{"long_output", p.LongOutput},
		{"long_cached_input", p.LongCachedInput},
		{"long_cache_write", p.LongCacheWrite},
		{"long_cache_write_1h", p.LongCacheWrite1h},
	} {
		if f.rate < 0 || f.rate > MostRate {
			return f.name
		}
	}
	switch {
	case p.OutputMax < 0 || p.OutputMax > MostTokens:
		return "output_max"
	case p.LongFrom < 0 || p.LongFrom > MostTokens:
		return "long_from"
	case absurdTiers(p.Tiers):
		return "tiers"
	}
	return ""
}

const mostTiers = 8

func absurdTiers(tiers []dcoder.TierPrice) bool {
	seen := map[string]bool{}
	for _, t := range tiers {
		if t.Tier == "" || len(t.Tier) > 32 || seen[t.Tier] || t.Percent < 0 || t.Percent > 1000 {
			return true
		}
		seen[t.Tier] = true
		for _, r := range []dcoder.Micros{t.Input, t.Output, t.CachedInput} {
			if r < 0 || r > MostRate {
				return true
			}
		}
	}
	return len(tiers) > mostTiers
}
