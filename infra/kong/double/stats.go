package double

import (
	"encoding/json"
	"io"
	"strconv"
	"sync"

	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// prometheus turns on what /metrics tells.
type prometheus struct {
	Status  bool `json:"status_code_metrics"`
	Latency bool `json:"latency_metrics"`
}

func buildPrometheus(_ *Gateway, _ place, raw json.RawMessage) (any, error) {
	p := &prometheus{}
	return p, read(raw, p)
}

// stats counts by service, route and status, under Kong's names.
type stats struct {
	mu       sync.Mutex
	requests map[series]uint64
	latency  map[series]*metric.Sizes // without the code
}

type series struct{ service, route, code string }

var bounds = []int64{1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000, 3000, 6000, 30000, 60000}

func newStats() *stats {
	return &stats{requests: map[series]uint64{}, latency: map[series]*metric.Sizes{}}
}

func (s *stats) count(x *exchange) {
	if x.route == nil {
		return
	}
	p, on := x.of("prometheus").(*prometheus)
	if !on {
		return
	}
	at := series{route: x.route.Name}
	if x.route.service != nil {
		at.service = x.route.service.name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Latency {
		if s.latency[at] == nil {
			s.latency[at] = metric.NewSizes(bounds)
		}
		s.latency[at].Add(x.gateway.options.Now().Sub(x.began).Milliseconds())
	}
	if at.code = strconv.Itoa(x.status); p.Status {
		s.requests[at]++
	}
}

func (s *stats) write(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := metric.Family{Name: "kong_http_requests_total", Help: "HTTP status codes per service and route", Kind: metric.Counter}
	for at, n := range s.requests {
		requests.Points = append(requests.Points, metric.Point{Labels: at.labels(true), Value: float64(n)})
	}
	latency := metric.Family{
		Name: "kong_request_latency_ms", Help: "Total latency of a request", Kind: metric.Histogram, Bounds: metric.Scale(bounds, 1),
	}
	for at, sizes := range s.latency {
		latency.Points = append(latency.Points, sizes.Point(1, at.labels(false)...))
	}
	return metric.WriteText(w, []metric.Family{requests, latency})
}

func (s series) labels(code bool) []metric.Label {
	out := []metric.Label{{Name: "service", Value: s.service}, {Name: "route", Value: s.route}}
	if code {
		out = append(out, metric.Label{Name: "code", Value: s.code})
	}
	return out
}
