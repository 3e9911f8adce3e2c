package messages

import (
	"encoding/json"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// ReadError implements canonical.Protocol: {"type": "error", "error": {"type",
// "message"}}, and what stands between: Google's clouds and proxies answer with
// objects of their own.
func (protocol) ReadError(status int, body []byte) (p canonical.Problem, ok bool) {
	p.Status = status
	if !json.Valid(body) {
		return p, false
	}
	var err error
	f := object(body, "", &err)
	switch inner := f.peek("error"); {
	case len(inner) > 0 && inner[0] == '{':
		f = object(inner, "", &err)
	case len(inner) > 0 && inner[0] == '"':
		p.Message, _ = unquote(inner)
		return p, true
	}
	p.Message, _ = unquote(f.peek("message"))
	p.Type, _ = unquote(f.peek("type"))
	p.Code, _ = unquote(f.peek("code"))
	return p, err == nil && (p.Message != "" || p.Type != "")
}
