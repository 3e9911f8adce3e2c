package chat

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// readUsage reads a usage object; nil when v is none.
func readUsage(v json.RawMessage) *canonical.Usage {
	input, ok := whole(member(v, "prompt_tokens"))
	if !ok || input < 0 {
		return nil
	}
	in, out := member(v, "prompt_tokens_details"), member(v, "completion_tokens_details")
	return &canonical.Usage{
		Tokens: dcoder.Tokens{
			Input: input, Output: count(v, "completion_tokens"),
			CachedInput: count(in, "cached_tokens"), AudioInput: count(in, "audio_tokens"), CacheWrite5m: count(in, "cache_write_tokens"),
			Reasoning: count(out, "reasoning_tokens"), AudioOutput: count(out, "audio_tokens"),
		},
		Reported: true,
		Extra:    canonical.Extra{"usage": v},
	}
}

func count(v json.RawMessage, name string) int64 {
	n, _ := whole(member(v, name))
	return max(n, 0)
}

// writeUsage writes usage in OpenAI's meaning: the prompt includes what was read
// from caches, the completion includes reasoning. What a server of this protocol
// counts besides stays.
func writeUsage(o *object, u *canonical.Usage) {
	t := &u.Tokens
	o.int("prompt_tokens", t.Input)
	o.int("completion_tokens", t.Output)
	o.int("total_tokens", t.Input+t.Output)
	written := t.CacheWrite5m + t.CacheWrite1h
	own := u.Extra["usage"]
	details(o, own, "prompt_tokens_details", []amount{{"cached_tokens", t.CachedInput}, {"audio_tokens", t.AudioInput}}, amount{"cache_write_tokens", written})
	details(o, own, "completion_tokens_details", []amount{{"reasoning_tokens", t.Reasoning}, {"audio_tokens", t.AudioOutput}})
	o.extra(without(own, usageNames...), usageNames...)
}

var usageNames = []string{"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"}

type amount struct {
	name string
	n    int64
}

// details writes counts inside of usage: the first always, those of rare only
// when there is something to count.
func details(o *object, own json.RawMessage, name string, always []amount, rare ...amount) {
	more := member(own, name)
	if own != nil && isNothing(more) {
		return // a server that does not tell them
	}
	o.in(name, func(o *object) {
		var said []string
		for _, a := range always {
			if own == nil || member(more, a.name) != nil || a.n > 0 {
				o.int(a.name, a.n)
				said = append(said, a.name)
			}
		}
		for _, a := range rare {
			if a.n > 0 {
				o.int(a.name, a.n)
				said = append(said, a.name)
			}
		}
		o.extra(without(more), said...)
	})
}

// isNothing reports whether raw is absent or null.
func isNothing(raw json.RawMessage) bool { return raw == nil || isNull(raw) }
