package double

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
)

// openTelemetry continues or begins a trace and sends a span of each sampled
// request, in OTLP's JSON where Kong sends protobuf.
type openTelemetry struct {
	Endpoint    string            `json:"traces_endpoint"`
	Rate        *float64          `json:"sampling_rate"`
	Resource    map[string]string `json:"resource_attributes"`
	Propagation struct {
		Extract []string `json:"extract"`
		Inject  []string `json:"inject"`
		Default string   `json:"default_format"`
	} `json:"propagation"`

	base string
}

const tracesPath = "/v1/traces"

func buildTelemetry(_ *Gateway, _ place, raw json.RawMessage) (any, error) {
	p := &openTelemetry{}
	if err := read(raw, p); err != nil {
		return nil, err
	}
	w3c := []string{"w3c"}
	if !slices.Equal(p.Propagation.Extract, w3c) || !slices.Equal(p.Propagation.Inject, w3c) || p.Propagation.Default != "w3c" {
		return nil, errors.New("config.propagation: only w3c is implemented here")
	}
	var ok bool
	if p.base, ok = strings.CutSuffix(p.Endpoint, tracesPath); !ok {
		return nil, errors.New("config.traces_endpoint: does not end in " + tracesPath)
	}
	return p, nil
}

// span is a request's place in its trace.
type span struct {
	trace  dcoder.Trace
	parent [8]byte
}

func (p *openTelemetry) access(x *exchange) {
	var s span
	if t, ok := dcoder.ParseTrace(x.r.Header.Get(dcoder.HeaderTraceParent)); ok {
		s = span{t.Child(), t.Span}
	} else {
		s.trace = dcoder.NewTrace()
		if p.Rate == nil || rand.Float64() < *p.Rate {
			s.trace.Flags = 1
		}
	}
	x.kept["trace"] = s
	x.r.Header.Set(dcoder.HeaderTraceParent, s.trace.String())
}

func (p *openTelemetry) log(x *exchange) {
	s, ok := x.kept["trace"].(span)
	if !ok || s.trace.Flags&1 == 0 {
		return
	}
	attributes := []otlp.Attribute{
		otlp.Text("http.request.method", x.r.Method), otlp.Text("http.route", x.route.Name), otlp.Int("http.response.status_code", int64(x.status)),
	}
	for k, v := range p.Resource {
		attributes = append(attributes, otlp.Text(k, v))
	}
	x.gateway.exporter.Send(otlp.Destination{URL: p.base}, otlp.Span{
		Trace: s.trace.ID, ID: s.trace.Span, Parent: s.parent, Name: "kong", Kind: otlp.Server,
		Begin: x.began, End: x.gateway.options.Now(), Attributes: attributes,
	})
}
