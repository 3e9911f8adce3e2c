package otlp

import (
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

type (
	metricsData struct {
		ResourceMetrics []resourceMetrics `json:"resourceMetrics"`
	}
	resourceMetrics struct {
		Resource     resource       `json:"resource"`
		ScopeMetrics []scopeMetrics `json:"scopeMetrics"`
	}
	scopeMetrics struct {
		Scope   scope        `json:"scope"`
		Metrics []wireMetric `json:"metrics"`
	}
	wireMetric struct {
		Name        string     `json:"name"`
		Description string     `json:"description,omitempty"`
		Unit        string     `json:"unit,omitempty"`
		Sum         *sum       `json:"sum,omitempty"`
		Gauge       *gauge     `json:"gauge,omitempty"`
		Histogram   *histogram `json:"histogram,omitempty"`
	}
	sum struct {
		Points      []numberPoint `json:"dataPoints"`
		Temporality int           `json:"aggregationTemporality"`
		Monotonic   bool          `json:"isMonotonic"`
	}
	gauge struct {
		Points []numberPoint `json:"dataPoints"`
	}
	numberPoint struct {
		Attributes []keyValue `json:"attributes,omitempty"`
		Begin      string     `json:"startTimeUnixNano,omitempty"`
		Time       string     `json:"timeUnixNano"`
		Double     float64    `json:"asDouble"`
	}
	histogram struct {
		Points      []histogramPoint `json:"dataPoints"`
		Temporality int              `json:"aggregationTemporality"`
	}
	histogramPoint struct {
		Attributes []keyValue `json:"attributes,omitempty"`
		Begin      string     `json:"startTimeUnixNano"`
		Time       string     `json:"timeUnixNano"`
		Count      string     `json:"count"`
		Sum        float64    `json:"sum"`
		Buckets    []string   `json:"bucketCounts"`
		Bounds     []float64  `json:"explicitBounds"`
	}
)

// cumulative is AGGREGATION_TEMPORALITY_CUMULATIVE.
const cumulative = 2

// metrics is a reading as it is sent: since began, all of it.
func metrics(from []Attribute, families []metric.Family, began, now time.Time) metricsData {
	out := make([]wireMetric, 0, len(families))
	for i := range families {
		if len(families[i].Points) > 0 {
			out = append(out, wireFamily(&families[i], nanos(began), nanos(now)))
		}
	}
	return metricsData{[]resourceMetrics{{resource{wireAttributes(from)}, []scopeMetrics{{scope{scopeName}, out}}}}}
}

func wireFamily(f *metric.Family, began, now string) wireMetric {
	w := wireMetric{Name: strings.TrimSuffix(f.Name, "_total"), Description: f.Help, Unit: f.Unit}
	switch f.Kind {
	case metric.Histogram:
		w.Histogram = &histogram{Temporality: cumulative}
		for i := range f.Points {
			w.Histogram.Points = append(w.Histogram.Points, wireHistogram(&f.Points[i], f.Bounds, began, now))
		}
	case metric.Gauge:
		w.Gauge = &gauge{numbers(f.Points, "", now)}
	default:
		w.Sum = &sum{numbers(f.Points, began, now), cumulative, true}
	}
	return w
}

func numbers(points []metric.Point, began, now string) []numberPoint {
	out := make([]numberPoint, len(points))
	for i := range points {
		out[i] = numberPoint{wireLabels(points[i].Labels), began, now, points[i].Value}
	}
	return out
}

func wireHistogram(p *metric.Point, bounds []float64, began, now string) histogramPoint {
	h := histogramPoint{
		Attributes: wireLabels(p.Labels), Begin: began, Time: now,
		Count: strconv.FormatUint(p.Count(), 10), Sum: p.Sum, Bounds: bounds,
	}
	for _, n := range p.Buckets {
		h.Buckets = append(h.Buckets, strconv.FormatUint(n, 10))
	}
	return h
}

func wireLabels(all []metric.Label) []keyValue {
	attributes := make([]Attribute, len(all))
	for i, l := range all {
		attributes[i] = Text(l.Name, l.Value)
	}
	return wireAttributes(attributes)
}
