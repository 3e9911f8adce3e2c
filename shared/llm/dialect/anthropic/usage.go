package anthropic

import (
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

var (
	usageFields   = jsonscan.NewNames("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens", "cache_creation", "server_tool_use", "output_tokens_details", "service_tier")
	createdFields = jsonscan.NewNames("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
	serverFields  = jsonscan.NewNames("web_search_requests")
	detailFields  = jsonscan.NewNames("thinking_tokens")
)

// usage is what Anthropic counts, as far as it was said: a stream says it in two
// events or more, and the last word on each field counts.
type usage struct {
	input, cached, write, output, write5m, write1h, searches, thought int64

	tier string // of the service, "" for the standard one
	said bool   // input and output are known
}

// read takes what the usage object v says.
func (u *usage) read(doc *jsonscan.Doc, v jsonscan.Value) {
	var d jsonscan.Doc
	if v.Kind != jsonscan.Object || doc.Sub(v, usageFields, &d) != nil {
		return
	}
	some := false
	for i, to := range []*int64{&u.input, &u.cached, &u.write, &u.output} {
		some = number(&d, i, to) || some
	}
	u.said = u.said || some && d.Fields[3].Kind == jsonscan.Number
	if v := d.Fields[7]; v.Kind == jsonscan.String {
		u.tier = llm.TierOf(d.Raw[v.Start+1 : v.End-1])
	}
	within(&d, 4, createdFields, &u.write5m, &u.write1h)
	within(&d, 5, serverFields, &u.searches)
	within(&d, 6, detailFields, &u.thought)
}

func number(d *jsonscan.Doc, field int, to *int64) bool {
	n, ok := d.Int(d.Fields[field])
	if ok {
		*to = max(n, 0)
	}
	return ok
}

func within(d *jsonscan.Doc, field int, names *jsonscan.Names, to ...*int64) {
	var inner jsonscan.Doc
	if v := d.Fields[field]; v.Kind != jsonscan.Object || d.Sub(v, names, &inner) != nil {
		return
	}
	for i := range to {
		number(&inner, i, to[i])
	}
}

// tokens is the usage in OpenAI's meaning: input includes what was read from and
// written to caches.
func (u *usage) tokens() dcoder.Tokens {
	written := max(u.write, u.write5m+u.write1h)
	return dcoder.Tokens{
		Input: u.input + u.cached + written, CachedInput: u.cached, CacheWrite5m: written - u.write1h, CacheWrite1h: u.write1h,
		Output: u.output, Reasoning: u.thought, WebSearches: u.searches,
	}
}
