package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/load"
	"github.com/d-coder-ai/dcoder/infra/bench/platform"
	"github.com/d-coder-ai/dcoder/infra/bench/proc"
	"github.com/d-coder-ai/dcoder/infra/bench/stats"
)

// cold starts the gateway again and again and prints how long it takes to be of
// use, from exec to the first byte.
func cold(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("bench cold", flag.ContinueOnError)
	n := f.Int("n", 20, "starts of each kind")
	if err := f.Parse(args); err != nil {
		return err
	}
	bed := &testbed{}
	defer bed.close()
	_, addr, err := bed.role(ctx, roleUpstream)
	if err != nil {
		return err
	}
	p, err := platform.Open(ctx, platform.Options{Tenants: 1, Upstream: addr, Say: say})
	if err != nil {
		return err
	}
	bed.stops = append(bed.stops, p.Close)
	printFacts(os.Stdout)
	kinds := coldStarts(p)
	if err := takeTurns(ctx, kinds, *n); err != nil {
		return err
	}
	printCold(kinds)
	return printIdle(ctx, p)
}

// coldStart is one kind of start and what was measured of it.
type coldStart struct {
	name    string
	start   func() (*platform.Gateway, error)
	before  func(context.Context) error // may be nil
	request []byte
	status  int
	took    []time.Duration
}

func coldStarts(p *platform.Platform) []*coldStart {
	said := &proc.Tail{}
	up := func() (*platform.Gateway, error) { return p.Start(said) }
	down := func() (*platform.Gateway, error) { return p.StartDown(said) }
	live := []byte("GET /health/live HTTP/1.1\r\nHost: bench\r\n\r\n")
	ask := cell{body: 1000, tenants: 1}.requests("bench", platform.Model, p.Keys)[0]
	return []*coldStart{
		{name: "exec to /health/live, everything down", start: down, request: live, status: 200},
		{name: "exec to a 503, everything down", start: down, request: ask, status: 503},
		{name: "exec to a completion, key known to Redis", start: up, request: ask, status: 200, before: func(ctx context.Context) error { return teach(ctx, p, ask) }},
		{name: "exec to a completion, key known only to Postgres", start: up, request: ask, status: 200, before: p.ForgetKeys},
	}
}

// teach lets Redis know the keys: a gateway answers once and leaves its snapshot.
func teach(ctx context.Context, p *platform.Platform, ask []byte) error {
	if known, err := p.KnowsKeys(ctx); known || err != nil {
		return err
	}
	g, err := p.Start(&proc.Tail{})
	if err != nil {
		return err
	}
	defer g.Stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := firstAnswer(ctx, g, ask); err != nil {
		return err
	}
	for {
		if known, err := p.KnowsKeys(ctx); known || err != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// takeTurns runs every kind once a round, so that a slow minute of the machine
// weighs on all. The first round fills the page cache and does not count.
func takeTurns(ctx context.Context, kinds []*coldStart, n int) error {
	for round := range n + 1 {
		for _, k := range kinds {
			took, err := k.once(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
			if round > 0 {
				k.took = append(k.took, took)
			}
		}
	}
	return nil
}

func (k *coldStart) once(ctx context.Context) (time.Duration, error) {
	if k.before != nil {
		if err := k.before(ctx); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	g, err := k.start()
	if err != nil {
		return 0, err
	}
	defer g.Kill()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	res, err := firstAnswer(ctx, g, k.request)
	if err != nil {
		return 0, err
	}
	if res.Status != k.status {
		return 0, fmt.Errorf("answered %d instead of %d", res.Status, k.status)
	}
	return res.First.Sub(began), nil
}

// firstAnswer asks as soon as somebody listens.
func firstAnswer(ctx context.Context, g *platform.Gateway, request []byte) (*load.Response, error) {
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", g.Addr)
		if err == nil {
			defer func() { _ = conn.Close() }()
			return exchange(ctx, conn, request)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody listens: %w", err)
		case <-g.Done():
			return nil, fmt.Errorf("the gateway ended: %w", err)
		case <-time.After(100 * time.Microsecond):
		}
	}
}

func exchange(ctx context.Context, conn net.Conn, request []byte) (*load.Response, error) {
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(until)
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	var res load.Response
	return &res, res.Read(bufio.NewReader(conn))
}

func printCold(kinds []*coldStart) {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "start\tn\tmedian ms\tleast\tmost\t")
	for _, k := range kinds {
		sorted := slices.Sorted(slices.Values(k.took))
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.1f\t\n", k.name, len(sorted), ms(stats.MedianDuration(sorted)), ms(sorted[0]), ms(sorted[len(sorted)-1]))
	}
	_ = t.Flush()
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// printIdle prints the size of the program and what it holds when it has
// answered once and has nothing to do.
func printIdle(ctx context.Context, p *platform.Platform) error {
	g, err := p.Start(&proc.Tail{})
	if err != nil {
		return err
	}
	defer g.Kill()
	ask := cell{body: 1000, tenants: 1}.requests("bench", platform.Model, p.Keys)[0]
	if _, err := firstAnswer(ctx, g, ask); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(2 * time.Second):
	}
	resident, err := proc.Resident(g.Pid())
	if err != nil {
		return err
	}
	fmt.Printf("binary %.1f MB; resident 2 s after the first completion %.1f MB\n", float64(p.Size)/1e6, float64(resident)/1e6)
	return nil
}
