package calls

import (
	"context"
	"net/netip"
	"os"
	"time"

	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/telemetry/calls"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

// watch is what looks at calls, and the ways out for what it sees.
type watch struct {
	*calls.Watch
	platform *otlp.Exporter // nil: no collector is configured
	to       otlp.Destination
	tenants  *otlp.Exporter
	began    time.Time
}

// collectorTimeout bounds the wait for a collector's answer.
const collectorTimeout = 10 * time.Second

// anywhere lets the operators' collector stand inside the cluster; what tenants
// name is held to the egress rule.
var anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

func newWatch(c config.Telemetry, egress config.Egress) *watch {
	instance, _ := os.Hostname() // a name for the eye; none is as good
	of := []otlp.Attribute{otlp.Text("service.name", "dcoder"), otlp.Text("service.instance.id", instance)}
	w := &watch{began: time.Now(), to: otlp.Destination{URL: c.OTLPEndpoint, Authorization: c.OTLPAuth.Reveal()}}
	w.tenants = otlp.NewExporter(otlp.Options{Doer: collector(egress.EgressAllow), Resource: of[:1], Queue: 512, Batch: 64})
	if c.OTLPEndpoint != "" {
		w.platform = otlp.NewExporter(otlp.Options{Doer: collector(anywhere), Resource: of})
	}
	w.Watch = calls.New(calls.Options{
		Platform: w.platform, Destination: w.to, Percent: c.TracePercent, Tenants: w.tenants, LiteLLM: c.LiteLLM, TenantMost: c.MetricTenants,
	})
	return w
}

func collector(allow []netip.Prefix) *upstream.Lean {
	return upstream.NewLean(upstream.Options{Allow: allow, HeaderTimeout: collectorTimeout, IdlePerHost: 2})
}

func (w *watch) workers() []serve.Worker {
	all := []serve.Worker{{Name: "tenants' spans", Run: w.tenants.Run}}
	if w.platform != nil {
		all = append(all, serve.Worker{Name: "spans", Run: w.platform.Run}, serve.Worker{Name: "metrics", Run: w.push})
	}
	return all
}

// pushes is how often metrics are sent to a collector.
const pushes = 15 * time.Second

func (w *watch) push(ctx context.Context) error {
	tick := time.NewTicker(pushes)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			w.platform.Push(ctx, w.to, metric.Collect(w.Pushed), w.began, now)
		}
	}
}

// lastPatience is what a drain waits for collectors, whatever hangs: each.
const lastPatience = time.Second

// flush sends what is left, at the end of a drain.
func (w *watch) flush(ctx context.Context) error {
	if w.platform != nil {
		ctx, cancel := context.WithTimeout(ctx, lastPatience)
		defer cancel()
		_ = w.platform.Flush(ctx)
		w.platform.Push(ctx, w.to, metric.Collect(w.Pushed), w.began, time.Now())
	}
	ctx, cancel := context.WithTimeout(ctx, lastPatience)
	defer cancel()
	return w.tenants.Flush(ctx)
}
