package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/load"
)

// options are the flags of the overhead table.
type options struct {
	quick   bool
	only    string
	targets string
	rounds  int
	window  time.Duration
	warm    time.Duration
	profile string
}

func parseOptions(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.quick, "quick", false, "ten cells in about a minute, instead of all 48")
	f.StringVar(&o.only, "only", "", "only cells whose name matches, e.g. instant/c32/1KB/whole")
	f.StringVar(&o.targets, "targets", "gateway,proxy,direct", "what to measure")
	f.IntVar(&o.rounds, "rounds", 0, "rounds of each cell (3 when quick, else 5)")
	f.DurationVar(&o.window, "window", 0, "measured time of a round (450ms when quick, else 1s)")
	f.DurationVar(&o.warm, "warm", 150*time.Millisecond, "load before the measured time")
	f.StringVar(&o.profile, "profile", "", "write the gateway's profiles to this and .cpu, .allocs: a build for that, whose figures do not count")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	if o.rounds == 0 {
		o.rounds = pick(o.quick, 3, 5)
	}
	if o.window == 0 {
		o.window = pick(o.quick, 450*time.Millisecond, time.Second)
	}
	return o, nil
}

func pick[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}

func (o *options) cells() ([]cell, error) {
	return matching(pick(o.quick, quickCells(), allCells()), o.only)
}

// tenants is how many the chosen cells need.
func (o *options) tenants() int {
	cells, err := o.cells()
	if err != nil {
		return 1
	}
	most := 1
	for _, c := range cells {
		most = max(most, c.tenants)
	}
	return most
}

// wants reports whether a target was asked for.
func (o *options) wants(name string) bool {
	return slices.Contains(strings.Split(o.targets, ","), name)
}

// overhead prints the table of all targets.
func overhead(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	cells, err := o.cells()
	if err != nil {
		return err
	}
	bed, err := newTestbed(ctx, &o)
	if err != nil {
		return err
	}
	defer bed.close()
	printFacts(os.Stdout)
	fmt.Printf("%d rounds of %v each, targets in turns; medians of rounds\n", o.rounds, o.window)
	stopProfile := bed.profile(ctx, o.profile)
	var rows []row
	for i, c := range cells {
		fmt.Fprintf(os.Stderr, "[%d/%d] %s\n", i+1, len(cells), c)
		r, err := measure(ctx, bed, c, &o)
		if err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
		rows = append(rows, r...)
	}
	if err := stopProfile(); err != nil {
		return err
	}
	printTable(os.Stdout, rows)
	if bed.binary > 0 {
		fmt.Printf("gateway: a binary of %.1f MB\n", float64(bed.binary)/1e6)
	}
	err = failures(rows)
	if err != nil && bed.said != nil {
		fmt.Fprintf(os.Stderr, "the gateway said last:\n%s", bed.said)
	}
	return err
}

// measure runs the rounds of one cell: every target once a round, in an order
// that rotates, so that none always runs after the same one.
func measure(ctx context.Context, bed *testbed, c cell, o *options) ([]row, error) {
	series := make([]samples, len(bed.targets))
	if err := acquaint(ctx, bed, c); err != nil {
		return nil, err
	}
	for round := range o.rounds {
		for i := range bed.targets {
			at := (round + i) % len(bed.targets)
			s, err := once(ctx, bed.targets[at], c, o)
			if err != nil {
				return nil, err
			}
			series[at] = append(series[at], s)
		}
	}
	return compare(c, bed.targets, series), nil
}

// acquaintance is how long every target is asked before the first round of a cell
// with many tenants: snapshots and counters are built once, not in each round.
const acquaintance = 4 * time.Second

func acquaint(ctx context.Context, bed *testbed, c cell) error {
	if c.tenants <= 1 {
		return nil
	}
	for _, t := range bed.targets {
		_, err := load.Run(ctx, &load.Plan{
			Addr: t.addr, Conns: c.conns, Requests: c.requests(t.addr, t.model, t.keys), Ends: c.end(), Window: acquaintance,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

// once is one round of one target.
func once(ctx context.Context, t *target, c cell, o *options) (sample, error) {
	var before, after usage
	res, err := load.Run(ctx, &load.Plan{
		Addr: t.addr, Conns: c.conns, Requests: c.requests(t.addr, t.model, t.keys), Ends: c.end(),
		Warm: o.warm, Window: o.window,
		AtStart: func() { before = t.usage() },
		AtEnd:   func() { after = t.usage() },
	})
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", t.name, err)
	}
	if ctx.Err() != nil {
		return sample{}, ctx.Err()
	}
	return newSample(res, before, after), nil
}
