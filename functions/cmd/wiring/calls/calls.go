// Package calls opens what deployables share that call models: the ledger with
// its ways out, the journal, the upstream client, and a model with all its coats.
package calls

import (
	"context"
	"log/slog"
	"time"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring"
	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/dispatch"
	"github.com/d-coder-ai/dcoder/shared/function/serve"
	"github.com/d-coder-ai/dcoder/shared/journal"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/providers"
	"github.com/d-coder-ai/dcoder/shared/postgres"
	"github.com/d-coder-ai/dcoder/shared/redis"
	"github.com/d-coder-ai/dcoder/shared/telemetry/metric"
	"github.com/d-coder-ai/dcoder/shared/upstream"
)

// Calls is what is open.
type Calls struct {
	Model   llm.Model
	Replays llm.Replays
	Workers []serve.Worker
	OnDrain []serve.Hook
	Settle  []serve.Hook
	Metrics []metric.Source
}

// Open builds it on the platform. It connects to nothing.
func Open(p *wiring.Platform, egress config.Egress, bounds config.Calls, local config.Journal, seen config.Telemetry) *Calls {
	forwarder := dispatch.NewForwarder(&dispatch.Relay{Outbox: redis.NewOutbox(p.Redis), Publisher: p.Publisher, MostEvent: p.MostEvent})
	marks := journal.New(local.JournalDir, slog.Default())
	straight := llm.NewStraight(p.Publisher, marks)
	ledger := redis.NewLedger(redis.Config{
		Client: p.Redis, Seeder: postgres.NewSeeder(p.Databases), PlatformSeeder: postgres.NewSeeder(p.Databases),
		OnWritten: forwarder.Written, OnUndeliverable: straight.Take,
	})
	doer := upstream.NewLean(upstream.Options{Allow: egress.EgressAllow})
	web := upstream.NewLean(upstream.Options{HeaderTimeout: 10 * time.Second}) // callers name where it goes: nothing private
	watched := newWatch(seen, egress)
	heir, news := heir{ledger, straight}, llm.NewEvents(p.Publisher)
	return &Calls{
		Model: llm.Chain(llm.Coats{
			Dialects: providers.All(doer, web), Ledger: ledger, Fresh: p.Keeper, Journal: marks, Spare: straight,
			Shelf: redis.NewAnswers(p.Redis), Sealer: p.Vault, Events: news, Observer: watched, Timeouts: timeouts(bounds),
		}),
		Replays: llm.Replays{Answers: answers{redis.NewClaims(p.Redis)}, Sealer: p.Vault},
		Metrics: []metric.Source{watched.Families},
		Workers: append(watched.workers(), []serve.Worker{
			{Name: "relay", Run: forwarder.Run},
			{Name: "straight", Run: straight.Run},
			{Name: "news", Run: news.Run},
			{Name: "journal", Run: func(ctx context.Context) error { marks.Run(ctx, 5*time.Second, heir.settle); return nil }},
		}...),
		Settle: []serve.Hook{
			func(ctx context.Context) error { _, err := marks.Recover(ctx, heir.settle); return err },
			ledger.Drain,
			straight.Flush,
			news.Flush,
			func(ctx context.Context) error { return forwarder.Run(ended(ctx)) },
			watched.flush,
		},
		OnDrain: []serve.Hook{
			ledger.Drain,
			func(ctx context.Context) error { ledger.Close(); doer.Close(); web.Close(); return straight.Flush(ctx) },
			news.Flush,
			func(ctx context.Context) error { return forwarder.Run(ended(ctx)) },
			func(context.Context) error { return marks.Close() },
			watched.flush,
		},
	}
}

func timeouts(c config.Calls) dcoder.Timeouts {
	return dcoder.Timeouts{
		FirstTokenMS: c.FirstTokenTimeout.Milliseconds(), IdleMS: c.IdleTimeout.Milliseconds(), TotalMS: c.TotalTimeout.Milliseconds(),
	}
}

// ended returns a context that is over, so that a worker does what is left.
func ended(ctx context.Context) context.Context {
	ctx, cancel := context.WithDeadline(ctx, time.Now())
	cancel()
	return ctx
}
