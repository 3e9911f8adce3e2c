package openai

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
	"github.com/d-coder-ai/dcoder/shared/token"
)

// Positions in a scanned answer or chunk.
const (
	fieldUsage = iota
	fieldError
	fieldChoices
	fieldXGroq
	fieldTier
)

var answerFields = jsonscan.NewNames("usage", "error", "choices", "x_groq", "service_tier")

// whole reads a whole answer; it is checked before the client sees a byte.
func (d *Dialect) whole(ctx context.Context, req *llm.Request, resp *http.Response) (*llm.Reply, error) {
	body, err := wire.ReadAll(resp)
	if err != nil {
		return nil, wire.Broken(ctx, err)
	}
	var doc jsonscan.Doc
	if err := answerFields.Scan(body.B, jsonscan.Limits{}, &doc); err != nil {
		body.Release()
		return nil, wire.Garbage("the provider's answer is not JSON")
	}
	u, ok := usageIn(&doc)
	if req.Kind == llm.Response {
		u, ok = responseUsage(&doc, doc.Fields[fieldUsage])
	}
	if !ok && req.Kind != llm.Embedding {
		u.Output = token.Estimate(token.Text{ASCII: doc.Text.ASCII, Multi: doc.Text.Multi})
	}
	if !ok {
		u.Input = token.Estimate(req.Text)
	}
	if d.flavour.Reasoning {
		renameWhole(&doc, body)
	}
	return &llm.Reply{
		Status: resp.StatusCode, Header: visible(resp.Header), Body: body,
		Usage: llm.Usage{Tokens: u, Reported: ok, ServiceTier: tierIn(&doc, fieldTier)},
	}, nil
}

var (
	usageFields  = jsonscan.NewNames("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")
	promptFields = jsonscan.NewNames("cached_tokens", "audio_tokens", "cache_write_tokens")
	answerDetail = jsonscan.NewNames("reasoning_tokens", "audio_tokens")
	groqFields   = jsonscan.NewNames("usage")
)

// usageIn reads the usage of an answer or of a chunk, wherever it stands there.
func usageIn(doc *jsonscan.Doc) (t dcoder.Tokens, ok bool) {
	if v := doc.Fields[fieldUsage]; v.Kind == jsonscan.Object {
		return usageOf(doc, v)
	}
	if v := doc.Fields[fieldXGroq]; v.Kind == jsonscan.Object {
		var x jsonscan.Doc
		if doc.Sub(v, groqFields, &x) == nil && x.Fields[0].Kind == jsonscan.Object {
			return usageOf(&x, x.Fields[0])
		}
	}
	return t, false
}

// tierIn reads the service tier that stands at a position of an answer.
func tierIn(doc *jsonscan.Doc, field int) string {
	v := doc.Fields[field]
	if v.Kind != jsonscan.String {
		return ""
	}
	return llm.TierOf(doc.Raw[v.Start+1 : v.End-1])
}

func usageOf(doc *jsonscan.Doc, v jsonscan.Value) (t dcoder.Tokens, ok bool) {
	var u, in, out jsonscan.Doc
	if doc.Sub(v, usageFields, &u) != nil {
		return t, false
	}
	if t.Input, ok = u.Int(u.Fields[0]); !ok || t.Input < 0 {
		return dcoder.Tokens{}, false
	}
	t.Output = count(&u, 1)
	if v := u.Fields[2]; v.Kind == jsonscan.Object && u.Sub(v, promptFields, &in) == nil {
		t.CachedInput, t.AudioInput, t.CacheWrite5m = count(&in, 0), count(&in, 1), count(&in, 2)
	}
	if v := u.Fields[3]; v.Kind == jsonscan.Object && u.Sub(v, answerDetail, &out) == nil {
		t.Reasoning, t.AudioOutput = count(&out, 0), count(&out, 1)
	}
	return t, true
}

func count(d *jsonscan.Doc, field int) int64 {
	n, _ := d.Int(d.Fields[field])
	return max(n, 0)
}
