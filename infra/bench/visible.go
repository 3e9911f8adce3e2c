package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/load"
	"github.com/d-coder-ai/dcoder/infra/bench/platform"
	"github.com/d-coder-ai/dcoder/infra/bench/proc"
	"github.com/d-coder-ai/dcoder/infra/bench/stats"
)

// visibleOptions are the flags of bench visible.
type visibleOptions struct {
	conns  int
	window time.Duration
	every  time.Duration
}

// visible loads the gateway with usage and dispatcher behind it, and prints how
// long after the end of an answer its row stands in the tenant's database.
func visible(ctx context.Context, args []string) error {
	var o visibleOptions
	f := flag.NewFlagSet("bench visible", flag.ContinueOnError)
	f.IntVar(&o.conns, "conns", 32, "connections, all busy")
	f.DurationVar(&o.window, "window", 10*time.Second, "how long the load lasts")
	f.DurationVar(&o.every, "every", 25*time.Millisecond, "pause between two sampled calls, beside the load")
	if err := f.Parse(args); err != nil {
		return err
	}
	bed := &testbed{}
	defer bed.close()
	p, gateway, err := bed.chain(ctx)
	if err != nil {
		return err
	}
	eye, err := p.Eye(ctx)
	if err != nil {
		return err
	}
	defer eye.Close()
	printFacts(os.Stdout)
	run, err := watch(ctx, o, p, eye, gateway)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, bed.said)
	}
	run.print()
	return nil
}

// chain starts all that a row goes through: gateway, dispatcher, usage, and quota,
// which hears what usage says.
func (b *testbed) chain(ctx context.Context) (*platform.Platform, *platform.Gateway, error) {
	_, addr, err := b.role(ctx, roleUpstream)
	if err != nil {
		return nil, nil, err
	}
	p, err := platform.Open(ctx, platform.Options{Tenants: 1, Upstream: addr, Say: say})
	if err != nil {
		return nil, nil, err
	}
	b.stops, b.said = append(b.stops, p.Close), &proc.Tail{}
	functions := "DCODER_FUNCTION_URLS="
	for _, name := range []string{"usage", "quota"} {
		g, err := p.Program(ctx, name, b.said)
		if err != nil {
			return nil, nil, err
		}
		b.stops = append(b.stops, g.Stop)
		functions += name + "=http://" + g.Addr + ","
	}
	d, err := p.Program(ctx, "dispatcher", b.said, functions[:len(functions)-1])
	if err != nil {
		return nil, nil, err
	}
	b.stops = append(b.stops, d.Stop)
	g, err := p.Start(b.said)
	if err != nil {
		return nil, nil, err
	}
	b.stops = append(b.stops, g.Stop)
	return p, g, p.Ready(ctx, g)
}

// watched is what a run of bench visible saw.
type watched struct {
	conns   int
	load    *load.Result
	samples *samplesSeen
	atEnd   int           // rows when the load ended
	all     int           // rows in the end
	drained time.Duration // from the end of the load to the last row
}

// watch runs the load, samples beside it, and waits until every row is there.
func watch(ctx context.Context, o visibleOptions, p *platform.Platform, eye *platform.Eye, g *platform.Gateway) (*watched, error) {
	began := time.Now()
	s, err := newSampler(ctx, eye, g.Addr, o.every)
	if err != nil {
		return nil, err
	}
	c := cell{conns: o.conns, body: 1000, tenants: 1}
	res, err := load.Run(ctx, &load.Plan{
		Addr: g.Addr, Conns: o.conns, Requests: c.requests(g.Addr, platform.Model, p.Keys), Ends: c.end(), Window: o.window,
	})
	ended := time.Now()
	s.stop()
	if err != nil {
		return nil, err
	}
	if res.Failed > 0 {
		return nil, fmt.Errorf("%d calls failed: %s", res.Failed, res.Failure)
	}
	w := &watched{conns: o.conns, load: res, samples: s.seen}
	if w.atEnd, err = rowsSince(ctx, eye, began); err != nil {
		return nil, err
	}
	if err := w.drain(ctx, p, eye, began, ended); err != nil {
		return nil, err
	}
	return w, s.settled(ctx)
}

// print writes the table.
func (w *watched) print() {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "conns\tanswers/s\trows/s\tsamples\tp50 ms\tp99 ms\tmax ms\trows\tbacklog at the end\tdrained in ms\tfailed\t")
	v := w.samples.sorted()
	fmt.Fprintf(t, "%d\t%.0f\t%.0f\t%d\t%.0f\t%.0f\t%.0f\t%d\t%d\t%.0f\t%d\t\n",
		w.conns, w.load.Rate(), float64(w.atEnd)/w.load.Elapsed.Seconds(), len(v),
		ms(stats.Percentile(v, 50)), ms(stats.Percentile(v, 99)), ms(stats.Percentile(v, 100)),
		w.all, w.all-w.atEnd, ms(w.drained), w.load.Failed)
	_ = t.Flush()
}
