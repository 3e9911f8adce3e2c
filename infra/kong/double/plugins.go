package double

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// correlation gives each request an id, and tells it with the answer.
type correlation struct {
	HeaderName     string `json:"header_name"`
	Generator      string `json:"generator"`
	EchoDownstream bool   `json:"echo_downstream"`
}

func buildCorrelation(_ *Gateway, _ place, raw json.RawMessage) (any, error) {
	p := &correlation{HeaderName: "Kong-Request-ID", Generator: "uuid#counter"}
	if err := read(raw, p); err != nil {
		return nil, err
	}
	if p.Generator != "uuid" {
		return nil, fmt.Errorf("config.generator: %q is not implemented here", p.Generator)
	}
	return p, nil
}

func (p *correlation) access(x *exchange) {
	if x.r.Header.Get(p.HeaderName) == "" {
		x.r.Header.Set(p.HeaderName, dcoder.NewID())
	}
}

func (p *correlation) header(x *exchange, h http.Header) {
	if p.EchoDownstream {
		h.Set(p.HeaderName, x.r.Header.Get(p.HeaderName))
	}
}

// size refuses large bodies, before and while they are read.
type size struct {
	Allowed int64  `json:"allowed_payload_size"`
	Unit    string `json:"size_unit"`
	Require bool   `json:"require_content_length"`
	bytes   int64
}

var units = map[string]int64{"bytes": 1, "kilobytes": 1 << 10, "megabytes": 1 << 20}

func buildSize(_ *Gateway, _ place, raw json.RawMessage) (any, error) {
	p := &size{Allowed: 128, Unit: "megabytes"}
	if err := read(raw, p); err != nil {
		return nil, err
	}
	if units[p.Unit] == 0 || p.Allowed < 0 {
		return nil, fmt.Errorf("config.size_unit: %q is none", p.Unit)
	}
	p.bytes = p.Allowed * units[p.Unit]
	return p, nil
}

func (p *size) access(x *exchange) {
	switch {
	case x.r.ContentLength > p.bytes:
		p.refuse(x)
	case x.r.ContentLength < 0 && p.Require:
		x.refuse(http.StatusLengthRequired, "A valid Content-Length header is required")
	case x.r.ContentLength < 0:
		p.count(x)
	}
}

// count reads a body that does not tell its length.
func (p *size) count(x *exchange) {
	raw, err := io.ReadAll(io.LimitReader(x.r.Body, p.bytes+1))
	switch {
	case err != nil:
		x.refuse(http.StatusBadRequest, "the body could not be read")
	case int64(len(raw)) > p.bytes:
		p.refuse(x)
	default:
		x.replaceBody(raw)
	}
}

func (p *size) refuse(x *exchange) {
	status := http.StatusRequestEntityTooLarge
	if strings.EqualFold(strings.TrimSpace(x.r.Header.Get("Expect")), "100-continue") {
		status = http.StatusExpectationFailed
	}
	x.refuse(status, "Request size limit exceeded")
}

// transformer takes headers away by their exact names.
type transformer struct {
	Remove struct {
		Headers []string `json:"headers"`
	} `json:"remove"`
}

func buildTransformer(_ *Gateway, _ place, raw json.RawMessage) (any, error) {
	p := &transformer{}
	return p, read(raw, p)
}

func (p *transformer) access(x *exchange) {
	for _, name := range p.Remove.Headers {
		x.r.Header.Del(name)
	}
}

// termination answers instead of a service.
type termination struct {
	StatusCode  int    `json:"status_code"`
	ContentType string `json:"content_type"`
	Body        string `json:"body"`
	Message     string `json:"message"`
}

func buildTermination(_ *Gateway, _ place, raw json.RawMessage) (any, error) {
	p := &termination{StatusCode: http.StatusServiceUnavailable, ContentType: "application/json; charset=utf-8"}
	if err := read(raw, p); err != nil {
		return nil, err
	}
	if p.StatusCode < 100 || p.StatusCode > 599 {
		return nil, fmt.Errorf("config.status_code: %s is none", strconv.Itoa(p.StatusCode))
	}
	if p.Body != "" && p.Message != "" {
		return nil, fmt.Errorf("config: body and message exclude each other")
	}
	return p, nil
}

func (p *termination) access(x *exchange) {
	if p.Body == "" {
		x.refuse(p.StatusCode, p.Message)
		return
	}
	x.answer = &answer{status: p.StatusCode, kind: p.ContentType, body: p.Body}
}
