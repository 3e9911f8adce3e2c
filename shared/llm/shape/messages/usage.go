package messages

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// usage is what Anthropic counts, field by field: nil was not said. A stream says
// it in two events or more, each of which repeats or corrects what it names.
type usage struct {
	input, read, write, output, write5m, write1h, thought, searches *int64

	tier  string
	extra canonical.Extra
	some  bool
}

// merge takes what a usage object says; the last word on a field counts.
func (u *usage) merge(f *fields) {
	u.some = true
	for name, to := range map[string]**int64{
		"input_tokens": &u.input, "cache_read_input_tokens": &u.read,
		"cache_creation_input_tokens": &u.write, "output_tokens": &u.output,
	} {
		if n := f.int(name); n != nil {
			*to = n
		}
	}
	u.details(f)
	if tier := f.word("service_tier"); tier != "" {
		u.tier = tier
	}
	for name, value := range f.rest() {
		if u.extra == nil {
			u.extra = canonical.Extra{}
		}
		u.extra[name] = append(json.RawMessage(nil), value...) // outlives the event
	}
}

// details reads what stands deeper; it also stays in the object.
func (u *usage) details(f *fields) {
	for _, d := range []struct {
		object, name string
		to           **int64
	}{
		{"cache_creation", "ephemeral_5m_input_tokens", &u.write5m},
		{"cache_creation", "ephemeral_1h_input_tokens", &u.write1h},
		{"output_tokens_details", "thinking_tokens", &u.thought},
		{"server_tool_use", "web_search_requests", &u.searches},
	} {
		raw := f.peek(d.object)
		if raw == nil || string(raw) == "null" {
			continue
		}
		if n := object(raw, f.name(d.object), f.err).int(d.name); n != nil {
			*d.to = n
		}
	}
}

func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return max(*n, 0)
}

// canonical is the usage in OpenAI's meaning of the words.
func (u *usage) canonical() canonical.Usage {
	out := canonical.Usage{Reported: u.input != nil && u.output != nil, ServiceTier: u.tier, Extra: u.extra}
	t := &out.Tokens
	t.CachedInput, t.Output, t.Reasoning, t.WebSearches = value(u.read), value(u.output), value(u.thought), value(u.searches)
	t.CacheWrite1h = value(u.write1h)
	written := max(value(u.write), value(u.write5m)+t.CacheWrite1h)
	t.CacheWrite5m = written - t.CacheWrite1h
	t.Input = value(u.input) + t.CachedInput + written
	return out
}

// usage writes usage in Anthropic's meaning: input is what was neither read from
// a cache nor written to one.
func (w *output) usage(u *canonical.Usage, own bool) {
	written := u.CacheWrite5m + u.CacheWrite1h
	w.open('{')
	w.number("input_tokens", max(u.Input-u.CachedInput-written, 0))
	w.number("cache_creation_input_tokens", written)
	w.number("cache_read_input_tokens", u.CachedInput)
	if !own || u.Extra["cache_creation"] == nil {
		w.key("cache_creation")
		w.open('{')
		w.number("ephemeral_5m_input_tokens", u.CacheWrite5m)
		w.number("ephemeral_1h_input_tokens", u.CacheWrite1h)
		w.close('}')
	}
	w.number("output_tokens", u.Output)
	if own {
		if u.ServiceTier != "" {
			w.member("service_tier", u.ServiceTier)
		}
		w.extra(u.Extra)
	}
	w.close('}')
}
