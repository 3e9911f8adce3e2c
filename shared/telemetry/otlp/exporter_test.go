package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
)

// collector takes what the protocol's JSON mapping allows, and nothing else.
type collector struct {
	t      testing.TB
	mu     sync.Mutex
	traces []specTraces
	bodies [][]byte
	heads  []http.Header
	answer atomic.Int32
}

// The messages of opentelemetry-proto 1.x, written from its specification: an
// unknown field is a fault.
type (
	specTraces struct {
		ResourceSpans []struct {
			Resource   struct{ Attributes []specAttribute }
			ScopeSpans []struct {
				Scope struct{ Name, Version string }
				Spans []specSpan
			}
		}
	}
	specSpan struct {
		TraceID           string `json:"traceId"`
		SpanID            string `json:"spanId"`
		ParentSpanID      string `json:"parentSpanId"`
		Name              string
		Kind              int
		StartTimeUnixNano string
		EndTimeUnixNano   string
		Attributes        []specAttribute
		Status            *struct {
			Message string
			Code    int
		}
	}
	specAttribute struct {
		Key   string
		Value struct {
			StringValue *string
			IntValue    *string
			BoolValue   *bool
			DoubleValue *float64
		}
	}
	specMetrics struct {
		ResourceMetrics []struct {
			Resource     struct{ Attributes []specAttribute }
			ScopeMetrics []struct {
				Scope   struct{ Name, Version string }
				Metrics []struct {
					Name, Description, Unit string
					Sum                     *struct {
						DataPoints             []specNumber
						AggregationTemporality int
						IsMonotonic            bool
					}
					Gauge     *struct{ DataPoints []specNumber }
					Histogram *struct {
						DataPoints []struct {
							Attributes                             []specAttribute
							StartTimeUnixNano, TimeUnixNano, Count string
							Sum                                    float64
							BucketCounts                           []string
							ExplicitBounds                         []float64
						}
						AggregationTemporality int
					}
				}
			}
		}
	}
	specNumber struct {
		Attributes                      []specAttribute
		StartTimeUnixNano, TimeUnixNano string
		AsDouble                        *float64
		AsInt                           *string
	}
)

func strictly(t testing.TB, raw []byte, into any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(into), string(raw))
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies, c.heads = append(c.bodies, body), append(c.heads, r.Header.Clone())
	if r.URL.Path == "/v1/traces" {
		var in specTraces
		strictly(c.t, body, &in)
		c.traces = append(c.traces, in)
	}
	if status := int(c.answer.Load()); status != 0 {
		w.WriteHeader(status)
	}
}

func (c *collector) spans() (all []specSpan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.traces {
		for _, r := range t.ResourceSpans {
			for _, s := range r.ScopeSpans {
				all = append(all, s.Spans...)
			}
		}
	}
	return all
}

type plain struct{ *http.Client }

func newCollector(t testing.TB) (*collector, Destination, plain) {
	c := &collector{t: t}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	return c, Destination{URL: s.URL, Authorization: "Basic cDpz", Extra: "X-A: b"}, plain{s.Client()}
}

func running(t testing.TB, e *Exporter) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = e.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func one(name string) Span {
	at := time.Unix(1_700_000_000, 5).UTC()
	return Span{
		Trace: [16]byte{1, 0xab}, ID: [8]byte{2}, Parent: [8]byte{3}, Name: name, Kind: Client, Begin: at, End: at.Add(time.Second),
		Attributes: []Attribute{Text("a", "x\"\n"), Int("n", 1<<53+1), Bool("yes", true), Bool("no", false)}, Failed: "boom",
	}
}

func TestGolden(t *testing.T) {
	c, to, doer := newCollector(t)
	e := NewExporter(Options{Doer: doer, Resource: []Attribute{Text("service.name", "dcoder")}})
	e.Send(to, one("chat m"))
	require.NoError(t, e.Flush(t.Context()))
	at := time.Unix(1_700_000_000, 0)
	require.True(t, e.Push(t.Context(), to, []metric.Family{
		{Name: "dcoder_a_total", Help: "A.", Points: []metric.Point{{Labels: []metric.Label{{Name: "l", Value: "v"}}, Value: 3}}},
		{Name: "dcoder_g", Kind: metric.Gauge, Points: []metric.Point{{Value: 2}}},
		{Name: "dcoder_h", Unit: "s", Kind: metric.Histogram, Bounds: []float64{0.5, 1}, Points: []metric.Point{{Buckets: []uint64{1, 0, 2}, Sum: 7.5}}},
		{Name: "dcoder_empty"},
	}, at, at.Add(time.Minute)))
	require.Len(t, c.bodies, 2)
	var m specMetrics
	strictly(t, c.bodies[1], &m)
	require.Equal(t, "Basic cDpz", c.heads[0].Get("Authorization"))
	require.Equal(t, "b", c.heads[0].Get("X-A"))
	require.Equal(t, "application/json", c.heads[0].Get("Content-Type"))
	for i, name := range []string{"testdata/traces.json", "testdata/metrics.json"} {
		var pretty bytes.Buffer
		require.NoError(t, json.Indent(&pretty, c.bodies[i], "", "  "))
		pretty.WriteByte('\n')
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(name, pretty.Bytes(), 0o600))
		}
		want, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, string(want), pretty.String())
	}
	s := c.spans()[0]
	require.Regexp(t, "^[0-9a-f]{32}$", s.TraceID)
	require.Regexp(t, "^[0-9a-f]{16}$", s.SpanID)
}

func TestBatchesAndEachDestinationItsOwn(t *testing.T) {
	a, toA, doer := newCollector(t)
	b, toB, _ := newCollector(t)
	e := NewExporter(Options{Doer: doer, Every: time.Millisecond, Batch: 10})
	running(t, e)
	for range 95 {
		e.Send(toA, one("a"))
	}
	e.Send(toB, one("b"))
	require.Eventually(t, func() bool { return e.Sent() == 96 }, 5*time.Second, time.Millisecond)
	require.Len(t, a.spans(), 95)
	require.GreaterOrEqual(t, len(a.bodies), 10)
	require.Len(t, b.spans(), 1)
	require.Equal(t, "b", b.spans()[0].Name)
	require.Zero(t, e.Dropped())
	require.Eventually(t, func() bool { e.mu.Lock(); defer e.mu.Unlock(); return len(e.sinks) == 0 && e.held == 0 }, 5*time.Second, time.Millisecond)
}

func TestOneMoreTryThenDropped(t *testing.T) {
	for status, tries := range map[int]int{503: 2, 429: 2, 400: 1, 401: 1} {
		c, to, doer := newCollector(t)
		c.answer.Store(int32(status)) //nolint:gosec // a status
		e := NewExporter(Options{Doer: doer, Every: time.Millisecond})
		stop := running(t, e)
		e.Send(to, one("a"))
		require.Eventually(t, func() bool { return e.Dropped() == 1 }, 5*time.Second, time.Millisecond)
		stop()
		require.Len(t, c.spans(), tries, status)
		require.Zero(t, e.held)
	}
}

// TestAHangingCollectorHoldsNothing: the queue is bounded, others are served, the
// drain ends in time, and no goroutine stays.
func TestAHangingCollectorHoldsNothing(t *testing.T) {
	release := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body); <-release }))
	defer hang.Close()
	defer close(release)
	good, toGood, doer := newCollector(t)
	before := runtime.NumGoroutine()
	e := NewExporter(Options{Doer: doer, Every: time.Millisecond, Queue: 100, Timeout: 200 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = e.Run(ctx); close(done) }()
	for range 1000 {
		e.Send(Destination{URL: hang.URL}, one("a"))
	}
	require.GreaterOrEqual(t, e.Dropped(), int64(600), "the queue holds a hundred, a message another")
	e.Send(toGood, one("b"))
	require.Eventually(t, func() bool { return len(good.spans()) == 1 }, 5*time.Second, time.Millisecond)
	cancel()
	<-done
	flush, end := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer end()
	began := time.Now()
	require.NoError(t, e.Flush(flush))
	require.Less(t, time.Since(began), 3*time.Second)
	require.Equal(t, int64(1001), e.Sent()+e.Dropped(), "each one is accounted for")
	require.Zero(t, e.held)
	doer.CloseIdleConnections()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+4 }, 5*time.Second, 10*time.Millisecond, "the servers' own are left")
}

func TestBytesAreBounded(t *testing.T) {
	e := NewExporter(Options{Doer: plain{http.DefaultClient}, Bytes: 10_000})
	s := one("a")
	s.Attributes = []Attribute{Text("big", string(make([]byte, 4000)))}
	for range 5 {
		e.Send(Destination{URL: "http://127.0.0.1:1"}, s)
	}
	require.EqualValues(t, 3, e.Dropped())
}
