package litellm

import (
	"strconv"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// cost puts one cost of a token where it belongs.
func (e entry) cost(p *dcoder.Price, key, number string) (why string) {
	rate, err := price.Micros(number, price.PerToken)
	if err != nil {
		return key + " " + err.Error()
	}
	if rate == 0 {
		return ""
	}
	if base, tier, ok := tiered(key); ok {
		return tierRate(p, base, tier, rate)
	}
	if base, from, ok := above(key); ok {
		return long(p, key, base, from, rate)
	}
	into := standard(p, key)
	if into == nil {
		return "costs in a way that is not known here: " + key
	}
	*into = rate
	return ""
}

func standard(p *dcoder.Price, key string) *dcoder.Micros {
	switch key {
	case "input_cost_per_token":
		return &p.Input
	case "output_cost_per_token":
		return &p.Output
	case "cache_read_input_token_cost":
		return &p.CachedInput
	case "cache_creation_input_token_cost":
		return &p.CacheWrite
	case "cache_creation_input_token_cost_above_1hr":
		return &p.CacheWrite1h
	case "input_cost_per_audio_token":
		return &p.AudioInput
	case "cache_read_input_audio_token_cost", "cache_read_input_token_cost_per_audio_token":
		return &p.CachedAudio
	case "output_cost_per_audio_token":
		return &p.AudioOutput
	case "output_cost_per_image_token":
		return &p.ImageOutput
	}
	return nil
}

var tiersBySuffix = []struct{ suffix, tier string }{{"_flex", "flex"}, {"_priority", "priority"}, {"_batches", "batch"}}

func tiered(key string) (base, tier string, ok bool) {
	for _, t := range tiersBySuffix {
		if base, ok = strings.CutSuffix(key, t.suffix); ok {
			return base, t.tier, true
		}
	}
	return "", "", false
}

// tierRate sets a rate of a tier. A tier's rates of long calls and of rarer kinds
// have no place in a price: such calls cost the standard rates.
func tierRate(p *dcoder.Price, base, tier string, rate dcoder.Micros) (why string) {
	at := -1
	for i := range p.Tiers {
		if p.Tiers[i].Tier == tier {
			at = i
		}
	}
	if at < 0 {
		p.Tiers = append(p.Tiers, dcoder.TierPrice{Tier: tier})
		at = len(p.Tiers) - 1
	}
	t := &p.Tiers[at]
	switch base {
	case "input_cost_per_token":
		t.Input = rate
	case "output_cost_per_token":
		t.Output = rate
	case "cache_read_input_token_cost":
		t.CachedInput = rate
	}
	return ""
}

// above reads "input_cost_per_token_above_200k_tokens".
func above(key string) (base string, from int64, ok bool) {
	head, ok := strings.CutSuffix(key, "k_tokens")
	if !ok {
		return "", 0, false
	}
	base, number, ok := strings.Cut(head, "_above_")
	n, err := strconv.ParseInt(number, 10, 32)
	return base, 1000 * n, ok && err == nil
}

func long(p *dcoder.Price, key, base string, from int64, rate dcoder.Micros) (why string) {
	if p.LongFrom != 0 && p.LongFrom != from {
		return "has more than one threshold of long calls: " + key
	}
	into := map[string]*dcoder.Micros{
		"input_cost_per_token": &p.LongInput, "output_cost_per_token": &p.LongOutput, "cache_read_input_token_cost": &p.LongCachedInput,
		"cache_creation_input_token_cost": &p.LongCacheWrite, "cache_creation_input_token_cost_above_1hr": &p.LongCacheWrite1h,
	}[base]
	if into == nil {
		return "costs in a way that is not known here: " + key
	}
	p.LongFrom, *into = from, rate
	return ""
}
