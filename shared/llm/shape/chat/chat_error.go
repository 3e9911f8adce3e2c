package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// readError reads {"error": {...}}, {"error": "..."} and a bare object. HTML and
// text say nothing that a client could use.
func readError(status int, body []byte) (p canonical.Problem, ok bool) {
	p.Status = status
	if scan(trim(body)) != nil {
		return p, false
	}
	return problem(status, trim(body))
}

// problem reads an error object or what holds one. A numeric code is a status.
func problem(status int, v json.RawMessage) (p canonical.Problem, ok bool) {
	p.Status = status
	e := member(v, "error")
	if s, isText := text(e); isText {
		p.Message = s
		return p, true
	}
	if kind(e) != '{' {
		e = v
	}
	for _, name := range []string{"message", "detail"} {
		if s, isText := text(member(e, name)); isText && p.Message == "" {
			p.Message = s
		}
	}
	p.Type, _ = text(member(e, "type"))
	p.Code, _ = text(member(e, "code"))
	p.Param, _ = text(member(e, "param"))
	for _, at := range []json.RawMessage{member(e, "code"), member(e, "status"), member(e, "status_code"), member(v, "status_code")} {
		if n, isNumber := whole(at); isNumber && p.Status == 0 {
			p.Status = int(n)
		}
	}
	return p, p.Message != "" || p.Type != "" || p.Code != ""
}

// writeProblem writes an error frame's object.
func writeProblem(o *object, p *canonical.Problem) {
	if p == nil {
		p = &canonical.Problem{}
	}
	message, kind, code := p.Message, p.Type, p.Code
	if message == "" {
		message = "the provider broke the answer off"
	}
	if kind == "" {
		kind = "server_error"
	}
	if code == "" && p.Status > 0 {
		code = strconv.Itoa(p.Status)
	}
	o.in("error", func(o *object) {
		o.text("message", message)
		o.text("type", kind)
		textOrNull(o, "param", p.Param)
		textOrNull(o, "code", code)
	})
}

func textOrNull(o *object, name, s string) {
	if s == "" {
		o.raw(name, null)
		return
	}
	o.text(name, s)
}
