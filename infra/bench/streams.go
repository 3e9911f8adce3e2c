package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/pacer"
	"github.com/d-coder-ai/dcoder/infra/bench/stats"
)

// streamsOptions are the flags of bench streams.
type streamsOptions struct {
	conns  []int
	rounds int
	calls  int
	hangs  int

	profile string // only the first way is played then
}

func parseStreams(args []string) (streamsOptions, error) {
	o := streamsOptions{conns: []int{32, 256}}
	f := flag.NewFlagSet("bench streams", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 5, "rounds of each number of streams, targets in turns")
	f.IntVar(&o.calls, "calls", 2000, "whole answers one after another, for each target")
	f.IntVar(&o.hangs, "hangs", 100, "streams whose client hangs up, for each way through the gateway")
	f.StringVar(&o.profile, "profile", "", "play streams through the gateway only, in a build for it, and write its profiles to this and .cpu, .allocs")
	return o, f.Parse(args)
}

// way is one way from the client to the pacer.
type way struct {
	*target
	path      string
	translate bool // the gateway speaks another protocol to the provider
}

// translatedModel is served in Anthropic's protocol by the provider of that name.
const translatedModel = "anthropic/claude-3-5-haiku-latest"

// streams measures what the gateway does to streams that have a pace of their own: how much later the first token
// comes, how far the time between two events changes, what an event costs, and how soon a provider learns that the
// client is gone; and what a whole answer costs that has to be translated.
func streams(ctx context.Context, args []string) error {
	o, err := parseStreams(args)
	if err != nil {
		return err
	}
	bed := &testbed{}
	defer bed.close()
	ways, err := bed.ways(ctx, o.profile)
	if err != nil {
		return err
	}
	printFacts(os.Stdout)
	if o.profile != "" {
		return bed.profileStreams(ctx, ways[0], o)
	}
	for _, part := range []func(context.Context, []*way, streamsOptions) error{paces, wholes, hangUps} {
		if err := part(ctx, ways, o); err != nil {
			return fmt.Errorf("%w\n%s", err, bed.said)
		}
	}
	return nil
}

// profileStreams plays streams while the gateway is profiled.
func (b *testbed) profileStreams(ctx context.Context, w *way, o streamsOptions) error {
	wait := b.profile(ctx, o.profile)
	for range o.rounds {
		if _, err := playPaced(ctx, w, o.conns[len(o.conns)-1]); err != nil {
			return err
		}
	}
	return wait()
}

// ways starts the pacer and what stands before it.
func (b *testbed) ways(ctx context.Context, profile string) ([]*way, error) {
	up, addr, err := b.role(ctx, rolePacer)
	if err != nil {
		return nil, err
	}
	if err := b.gateway(ctx, &options{only: "instant/c1/1KB/whole/t1$", profile: profile}, addr); err != nil {
		return nil, err
	}
	child, at, err := b.role(ctx, roleProxy, addr)
	if err != nil {
		return nil, err
	}
	gateway := *b.targets[0]
	translating := gateway
	translating.name, translating.model = "gateway, translating", translatedModel
	b.add(&target{name: nameProxy, addr: at, pid: child.Pid()})
	b.add(&target{name: nameDirect, addr: addr, pid: up.Pid()})
	b.add(&target{name: nameDirect + ", messages", addr: addr, pid: up.Pid()})
	const path = "/v1/chat/completions"
	return []*way{
		{target: &gateway, path: path},
		{target: &translating, path: path, translate: true},
		{target: b.targets[1], path: path},
		{target: b.targets[2], path: path},
		{target: b.targets[3], path: "/v1/messages"},
	}, nil
}

// body is a request of about 1 KB.
func (w *way) body(stream bool, say string) string {
	const words = "Summarise the following notes of the last planning meeting. "
	return fmt.Sprintf(`{"model":%q,"stream":%t,"max_tokens":128,"messages":[{"role":"user","content":%q}]}`,
		w.model, stream, say+strings.Repeat(words, 14))
}

// paced is what was seen of the streams of one way.
type paced struct {
	firsts []time.Duration // from the request to the first content
	shifts []time.Duration // |gap in - gap out|
	cpu    time.Duration   // of the way's processes
	events int
	memory int64
}

func (p *paced) add(q *paced) {
	p.firsts, p.shifts = append(p.firsts, q.firsts...), append(p.shifts, q.shifts...)
	p.cpu, p.events, p.memory = p.cpu+q.cpu, p.events+q.events, max(p.memory, q.memory)
}

// paces prints what the ways do to streams with a pace.
func paces(ctx context.Context, ways []*way, o streamsOptions) error {
	fmt.Printf("\nstreams of %d events, one each %v; %d rounds; added: to the provider's own percentile\n", pacer.Events, pacer.Pace, o.rounds)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "streams\tway\tfirst p50 us\tp99 us\tadded p50\tadded p99\tgap moved p50 us\tp99 us\tCPU us an event\tx proxy\tRSS MB\t")
	for _, conns := range o.conns {
		seen := make([]paced, len(ways))
		for round := range o.rounds {
			for i := range ways {
				at := (round + i) % len(ways)
				one, err := playPaced(ctx, ways[at], conns)
				if err != nil {
					return fmt.Errorf("%s, %d streams: %w", ways[at].name, conns, err)
				}
				seen[at].add(one)
			}
		}
		printPaces(t, ways, seen, conns)
	}
	return t.Flush()
}

func printPaces(t *tabwriter.Writer, ways []*way, seen []paced, conns int) {
	proxy := seen[2].cpuEach()
	for i, w := range ways {
		direct := &seen[3]
		if w.translate || i == 4 {
			direct = &seen[4]
		}
		slices.Sort(seen[i].firsts)
		slices.Sort(seen[i].shifts)
		slices.Sort(direct.firsts)
		fmt.Fprintf(t, "%d\t%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.1f\t%.2f\t%.1f\t\n", conns, w.name,
			micros(seen[i].firsts, 50), micros(seen[i].firsts, 99),
			micros(seen[i].firsts, 50)-micros(direct.firsts, 50), micros(seen[i].firsts, 99)-micros(direct.firsts, 99),
			micros(seen[i].shifts, 50), micros(seen[i].shifts, 99), seen[i].cpuEach(), stats.Ratio(seen[i].cpuEach(), proxy), float64(seen[i].memory)/1e6)
	}
}

// cpuEach is the processor time of an event in microseconds.
func (p *paced) cpuEach() float64 { return stats.Ratio(float64(p.cpu)/1e3, float64(p.events)) }

func micros(sorted []time.Duration, p float64) float64 {
	return float64(stats.Percentile(sorted, p)) / 1e3
}

// wholes prints what whole answers take, one after another.
func wholes(ctx context.Context, ways []*way, o streamsOptions) error {
	fmt.Printf("\nwhole answers at once, one connection, %d of each way, in turns\n", o.calls)
	took := make([][]time.Duration, len(ways))
	clients := make([]*caller, len(ways))
	for i, w := range ways {
		clients[i] = newCaller(w, 1)
		defer clients[i].close()
	}
	for n := range o.calls + o.calls/10 {
		for i := range ways {
			at := (n + i) % len(ways)
			d, err := clients[at].whole(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", ways[at].name, err)
			}
			if n >= o.calls/10 { // the first warm up
				took[at] = append(took[at], d)
			}
		}
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "way\tp50 us\tp99 us\tadded p50\tadded p99\t")
	for i := range ways {
		slices.Sort(took[i])
	}
	for i, w := range ways {
		direct := took[3]
		if w.translate || i == 4 {
			direct = took[4]
		}
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t\n", w.name, micros(took[i], 50), micros(took[i], 99),
			micros(took[i], 50)-micros(direct, 50), micros(took[i], 99)-micros(direct, 99))
	}
	return t.Flush()
}

// hangUps prints how soon the provider sees that the client is gone.
func hangUps(ctx context.Context, ways []*way, o streamsOptions) error {
	fmt.Printf("\nclient gone to provider told, %d streams one after another\n", o.hangs)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "way\tp50 us\tp99 us\tmost us\t")
	provider := ways[3].addr
	for i, w := range ways[:3] {
		var took []time.Duration
		for n := range o.hangs {
			d, err := hangUp(ctx, w, provider, fmt.Sprint((i+1)*100_000+n))
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			took = append(took, d)
		}
		slices.Sort(took)
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t\n", w.name, micros(took, 50), micros(took, 99), micros(took, 100))
	}
	return t.Flush()
}
