package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/d-coder-ai/dcoder/infra/bench/platform"
	"github.com/d-coder-ai/dcoder/infra/bench/proc"
)

// The targets.
const (
	nameGateway = "gateway"
	nameProxy   = "proxy"
	nameDirect  = "direct"
)

// target is one thing under load.
type target struct {
	name  string
	addr  string
	model string
	keys  []string // credentials, one for each tenant
	pid   int
	store func() usage // of the stores behind it; nil for none
	meter string       // where its process says how much it allocated; "" for nowhere
}

// usage reads the counters of the target's processes. A process that is gone
// counts nothing: its failed requests speak.
func (t *target) usage() usage {
	var u usage
	if t.store != nil {
		u = t.store()
	}
	u.cpu, _ = proc.CPU(t.pid)
	u.resident, _ = proc.Resident(t.pid)
	u.mallocs = mallocs(t.meter)
	return u
}

// testbed is the running processes.
type testbed struct {
	targets []*target
	stops   []func()
	binary  int64      // bytes of the gateway's program, 0 when it is not measured
	said    *proc.Tail // the gateway's last words
	pprof   string     // where a gateway that is built for it shows its profiles
}

func newTestbed(ctx context.Context, o *options) (*testbed, error) {
	b := &testbed{}
	if err := b.start(ctx, o); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *testbed) start(ctx context.Context, o *options) error {
	up, addr, err := b.role(ctx, roleUpstream)
	if err != nil {
		return err
	}
	if o.wants(nameGateway) {
		if err := b.gateway(ctx, o, addr); err != nil {
			return err
		}
	}
	if o.wants(nameProxy) {
		child, at, err := b.role(ctx, roleProxy, addr)
		if err != nil {
			return err
		}
		b.add(&target{name: nameProxy, addr: at, pid: child.Pid(), meter: at})
	}
	if o.wants(nameDirect) {
		b.add(&target{name: nameDirect, addr: addr, pid: up.Pid()})
	}
	if len(b.targets) == 0 {
		return errors.New("-targets names nothing to measure")
	}
	return nil
}

// gateway adds the gateway with a tenant for each credential.
func (b *testbed) gateway(ctx context.Context, o *options, addr string) error {
	p, err := platform.Open(ctx, platform.Options{Tenants: o.tenants(), Upstream: addr, Say: say, Profiled: o.profile != ""})
	if err != nil {
		return err
	}
	b.stops = append(b.stops, p.Close)
	said := &proc.Tail{}
	port, err := proc.FreePort()
	if err != nil {
		return err
	}
	if o.profile != "" {
		b.pprof = fmt.Sprintf("127.0.0.1:%d", port)
	}
	g, err := p.Start(said, "DCODER_BENCH_PPROF="+b.pprof)
	if err != nil {
		return err
	}
	b.stops = append(b.stops, g.Stop)
	if err := p.Ready(ctx, g); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	b.binary, b.said = p.Size, said
	b.add(&target{
		name: nameGateway, addr: g.Addr, pid: g.Pid(), model: platform.Model, keys: p.Keys, meter: b.pprof,
		store: func() (u usage) {
			u.store, _ = p.RedisCPU(ctx)
			return u
		},
	})
	return nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// add completes a target that asks for no credential of ours.
func (b *testbed) add(t *target) {
	if t.keys == nil {
		t.model = "gpt-4o-mini"
		for i := range manyTenants {
			// As long as a virtual key, so that every target gets equal bytes.
			t.keys = append(t.keys, fmt.Sprintf("dck_%012d_%012d_%038d", i, i, i))
		}
	}
	b.targets = append(b.targets, t)
}

func (b *testbed) role(ctx context.Context, args ...string) (*proc.Child, string, error) {
	child, addr, err := proc.StartRole(ctx, args...)
	if err != nil {
		return nil, "", err
	}
	b.stops = append(b.stops, child.Stop)
	return child, addr, nil
}

// close stops everything in the reverse order of its start.
func (b *testbed) close() {
	for i := len(b.stops) - 1; i >= 0; i-- {
		b.stops[i]()
	}
	b.stops = nil
}
