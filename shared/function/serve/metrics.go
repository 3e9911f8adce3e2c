package serve

import (
	"io"
	"runtime"

	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// metrics implements function.Wiring's Metrics.
func (s *server) metrics(w io.Writer) error {
	return metric.WriteText(w, metric.Collect(append([]metric.Source{s.load.families, runtimeFamilies}, s.options.Metrics...)...))
}

// families tells how full the process is, and whom it sent away.
func (l *load) families() []metric.Family {
	l.mu.Lock()
	defer l.mu.Unlock()
	point := func(n int64, reason string) metric.Point {
		return metric.Point{Value: float64(n), Labels: []metric.Label{{Name: "reason", Value: reason}}}
	}
	return []metric.Family{
		{Name: "dcoder_in_flight", Help: "Requests under way.", Kind: metric.Gauge, Points: []metric.Point{{Value: float64(l.inFlight)}}},
		{Name: "dcoder_in_flight_bytes", Help: "Request bodies held.", Unit: "By", Kind: metric.Gauge, Points: []metric.Point{{Value: float64(l.bytes)}}},
		{Name: "dcoder_shed_total", Help: "Requests sent away because of load, by why.", Points: []metric.Point{
			point(l.shedFull, "full"), point(l.shedShare, "tenant_share"), point(l.shedDraining, "draining"),
		}},
	}
}

func runtimeFamilies() []metric.Family {
	return []metric.Family{
		{Name: "dcoder_goroutines", Help: "Goroutines.", Kind: metric.Gauge, Points: []metric.Point{{Value: float64(runtime.NumGoroutine())}}},
	}
}
