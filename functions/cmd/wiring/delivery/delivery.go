// Package delivery opens what brings events to functions and keeps the outboxes
// empty: the dispatcher with its jobs. The dispatcher runs it alone;
// functions/cmd/dev runs it beside the functions.
package delivery

import (
	"context"
	"time"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

// Delivery is what is open.
type Delivery struct {
	Workers []serve.Worker
	Rounds  []serve.Round // the jobs, for places where no worker runs
	OnDrain []serve.Hook
}

// Open builds it on the platform for what the functions hear. address gives a
// function's base URL. It connects to nothing.
func Open(p *wiring.Platform, funcs []function.Func, address func(function string) string, secrets []string) (*Delivery, error) {
	door, err := dispatch.NewHTTPDoor(address, secrets)
	if err != nil {
		return nil, err
	}
	ledger := redis.NewLedger(redis.Config{Client: p.Redis, Seeder: postgres.NewSeeder(p.Databases)})
	d := dispatch.Dispatcher{Queues: p.Broker, Door: door, Targets: targets(funcs), Jobs: jobs(p, ledger)}
	return &Delivery{
		Rounds:  rounds(d.Jobs),
		Workers: []serve.Worker{{Name: "dispatcher", Run: d.Run}},
		OnDrain: []serve.Hook{ledger.Drain, func(context.Context) error { door.Close(); ledger.Close(); return nil }},
	}, nil
}

// targets lists what each function hears.
func targets(funcs []function.Func) []dispatch.Target {
	var out []dispatch.Target
	for _, f := range funcs {
		if len(f.Events) == 0 {
			continue
		}
		t := dispatch.Target{Function: f.Name, Types: map[string]int{}}
		for _, s := range f.Events {
			t.Types[s.Type] = s.Batch
		}
		out = append(out, t)
	}
	return out
}

// jobs is what is done again and again.
func jobs(p *wiring.Platform, ledger *redis.Ledger) []dispatch.Job {
	relay := &dispatch.Relay{Outbox: redis.NewOutbox(p.Redis), Publisher: p.Publisher, MostEvent: p.MostEvent}
	all := []dispatch.Job{
		relay.Job(),
		{Name: "sweep of reservations", Every: time.Second, Do: func(ctx context.Context) error {
			_, err := ledger.Sweep(ctx)
			return err
		}},
		{Name: "collection of leases", Every: 2 * time.Second, Do: func(ctx context.Context) error {
			_, err := ledger.CollectLeases(ctx)
			return err
		}},
		{Name: "counters against rows", Every: 5 * time.Minute, Limit: time.Hour, Do: func(ctx context.Context) error {
			return reconcile(ctx, p, ledger)
		}},
		{Name: "end of approvals", Every: time.Minute, Limit: time.Hour, Do: func(ctx context.Context) error {
			approvals := postgres.NewApprovals(p.Databases)
			return p.Databases.EachTenant(ctx, func(tenant string) error {
				_, err := approvals.Expire(ctx, tenant)
				return err
			})
		}},
		{Name: "sweep of outboxes", Every: 2 * time.Minute, Limit: time.Hour, Do: func(ctx context.Context) error {
			return p.Databases.Sweep(ctx, 10*time.Millisecond)
		}},
	}
	if p.Brokered() {
		all = append(all, dispatch.Job{Name: "trim of the event stream", Every: 30 * time.Second, Do: p.Broker.Trim})
	}
	return all
}

// rounds are the jobs as a schedule runs them, each within the job's own limit.
func rounds(jobs []dispatch.Job) (out []serve.Round) {
	for _, j := range jobs {
		out = append(out, serve.Round{Name: j.Name, Every: j.Every, Do: j.Do})
	}
	return out
}
