package openai

import (
	"bytes"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/sse"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// Positions in a scanned event of a streamed response.
const (
	eventType = iota
	eventDelta
	eventResponse
	eventItem
)

var (
	eventFields    = jsonscan.NewNames("type", "delta", "response", "item")
	responseFields = jsonscan.NewNames("usage", "error", "service_tier")
	itemUsage      = jsonscan.NewNames("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")
	itemInput      = jsonscan.NewNames("cached_tokens", "cache_write_tokens")
	itemOutput     = jsonscan.NewNames("reasoning_tokens")
)

// responseUsage reads the usage object of a response.
func responseUsage(doc *jsonscan.Doc, v jsonscan.Value) (t dcoder.Tokens, ok bool) {
	var u, in, out jsonscan.Doc
	if v.Kind != jsonscan.Object || doc.Sub(v, itemUsage, &u) != nil {
		return t, false
	}
	if t.Input, ok = u.Int(u.Fields[0]); !ok || t.Input < 0 {
		return dcoder.Tokens{}, false
	}
	t.Output = count(&u, 1)
	if v := u.Fields[2]; v.Kind == jsonscan.Object && u.Sub(v, itemInput, &in) == nil {
		t.CachedInput, t.CacheWrite5m = count(&in, 0), count(&in, 1)
	}
	if v := u.Fields[3]; v.Kind == jsonscan.Object && u.Sub(v, itemOutput, &out) == nil {
		t.Reasoning = count(&out, 0)
	}
	return t, true
}

// responseEvent reads one event of a streamed response, which is forwarded as it
// is. The last one says what was used; a failure is the call's.
func (s *stream) responseEvent(e sse.Event) (llm.Chunk, error) {
	var doc jsonscan.Doc
	if err := eventFields.Scan(e.Data, jsonscan.Limits{}, &doc); err != nil {
		return llm.Chunk{}, wire.Garbage("the provider's stream holds something that is not JSON")
	}
	c := llm.Chunk{Raw: e.Raw}
	switch kind, _ := doc.Str(doc.Fields[eventType]); kind {
	case "error":
		return llm.Chunk{}, eventFailure(e.Data, s.secret)
	case "response.failed":
		return llm.Chunk{}, s.failedResponse(&doc)
	case "response.completed", "response.incomplete":
		s.endResponse(&doc, &c)
	case "response.output_item.added":
		c.Content = bytes.Contains(doc.Bytes(doc.Fields[eventItem]), callItem)
	default:
		if v := doc.Fields[eventDelta]; v.Kind == jsonscan.String && !doc.Empty(v) {
			c.Tokens, c.Content = token.Delta(v.End-v.Start-2), true
		}
	}
	return c, nil
}

var callItem = []byte(`_call"`)

func (s *stream) endResponse(doc *jsonscan.Doc, c *llm.Chunk) {
	s.over = true
	c.Last, c.Content = true, true
	var r jsonscan.Doc
	if v := doc.Fields[eventResponse]; v.Kind != jsonscan.Object || doc.Sub(v, responseFields, &r) != nil {
		return
	}
	if t, ok := responseUsage(&r, r.Fields[0]); ok {
		s.usage = llm.Usage{Tokens: t, Reported: true, ServiceTier: tierIn(&r, 2)}
		c.Usage = &s.usage
	}
}

// failedResponse reads the error of a response that failed.
func (s *stream) failedResponse(doc *jsonscan.Doc) error {
	var r jsonscan.Doc
	v := doc.Fields[eventResponse]
	if v.Kind == jsonscan.Object && doc.Sub(v, responseFields, &r) == nil && r.Fields[1].Kind == jsonscan.Object {
		return eventFailure(r.Bytes(r.Fields[1]), s.secret)
	}
	return eventFailure(nil, s.secret)
}
