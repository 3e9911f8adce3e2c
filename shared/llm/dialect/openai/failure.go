package openai

import (
	"context"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/dialect/wire"
)

// refusal turns a provider's error answer into ours and closes its body.
func refusal(ctx context.Context, resp *http.Response, secret string) error {
	read := func(_ int, raw []byte) (canonical.Problem, bool) { return said(raw), true }
	return wire.Refusal(ctx, resp, secret, read, wire.Classify, visible)
}

// eventFailure is an error that came as an event of a stream.
func eventFailure(data []byte, secret string) *llm.Failure {
	p := said(data)
	return wire.Classify(wire.StatusOf(&p), nil, wire.Clean(p, secret))
}

var (
	errorFields  = jsonscan.NewNames("error", "message", "type", "code", "param", "status", "status_code", "detail")
	plainMessage = []int{1, 7}
)

// said reads {"error": {...}}, {"error": "..."} and a bare object; HTML and text
// say nothing that a client could use.
func said(raw []byte) (p canonical.Problem) {
	var doc jsonscan.Doc
	if errorFields.Scan(raw, jsonscan.Limits{}, &doc) != nil {
		return p
	}
	switch v := doc.Fields[0]; v.Kind {
	case jsonscan.Object:
		var inner jsonscan.Doc
		if doc.Sub(v, errorFields, &inner) == nil {
			p = problem(&inner)
		}
	case jsonscan.String:
		p.Message, _ = doc.Str(v)
	default:
		p = problem(&doc)
	}
	if n, ok := doc.Int(doc.Fields[6]); ok && p.Status == 0 {
		p.Status = int(n)
	}
	return p
}

// problem reads an error object.
func problem(d *jsonscan.Doc) (p canonical.Problem) {
	for _, f := range plainMessage {
		if m, ok := d.Str(d.Fields[f]); ok && p.Message == "" {
			p.Message = m
		}
	}
	p.Type, _ = d.Str(d.Fields[2])
	p.Code, _ = d.Str(d.Fields[3])
	p.Param, _ = d.Str(d.Fields[4])
	for _, f := range []int{3, 5, 6} { // a numeric code is a status
		if n, ok := d.Int(d.Fields[f]); ok && p.Status == 0 {
			p.Status = int(n)
		}
	}
	return p
}
