package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Dispatcher brings events from the broker to functions, and does the jobs that
// keep outboxes empty. Any number of them may run side by side.
type Dispatcher struct {
	Queues  Queues
	Door    Door
	Targets []Target
	Jobs    []Job
	Limits  Limits
}

// Limits bounds what a dispatcher does at once. The zero value is the default.
type Limits struct {
	Workers   int           // deliveries at once of one tenant to one function; default 2
	PerTenant int           // events of one tenant on loan for one function; default 512
	Posts     int           // deliveries at once to one function; default 32
	Post      time.Duration // longest delivery, longer than a cold start; default 90 s
	Heartbeat time.Duration // pause between signs of life to the broker; default 10 s
	Grace     time.Duration // how long deliveries may go on after the end; default 20 s
}

func (l Limits) filled() Limits {
	l.Workers = cmpOr(l.Workers, 2)
	l.PerTenant = cmpOr(l.PerTenant, 512)
	l.Posts = cmpOr(l.Posts, 32)
	l.Post = cmpOr(l.Post, 90*time.Second)
	l.Heartbeat = cmpOr(l.Heartbeat, 10*time.Second)
	l.Grace = cmpOr(l.Grace, 20*time.Second)
	return l
}

// Run works until ctx ends, then lets deliveries under way end within
// Limits.Grace and gives the rest back. It returns, without an error, when nothing
// of it runs any more.
func (d *Dispatcher) Run(ctx context.Context) error {
	limits := d.Limits.filled()
	hard, cancel := graceful(ctx, limits.Grace)
	defer cancel()
	var wg sync.WaitGroup
	for _, t := range d.Targets {
		wg.Go(func() { d.serve(ctx, hard, t, limits) })
	}
	for _, j := range d.Jobs {
		wg.Go(func() { j.Run(ctx) })
	}
	wg.Wait()
	return nil
}

// graceful returns a context that outlives ctx by grace.
func graceful(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return hard, func() { stop(); cancel() }
}

// serve brings one function its events.
func (d *Dispatcher) serve(ctx, hard context.Context, t Target, limits Limits) {
	l := newLanes(t, d.Door, limits, ctx.Done())
	var wg sync.WaitGroup
	wg.Go(func() { pump(ctx, hard, l, false, d.Queues.Fresh) })
	wg.Go(func() { pump(ctx, hard, l, true, d.Queues.Parked) })
	alive, stop := context.WithCancel(hard)
	var beats sync.WaitGroup
	beats.Go(func() {
		for sleep(alive, limits.Heartbeat) {
			l.keepAlive()
		}
	})
	wg.Wait()
	l.release()
	stop()
	beats.Wait()
}

// pump takes deliveries from a queue into the lanes, and opens the queue again
// whenever it breaks.
func pump(ctx, hard context.Context, l *lanes, parked bool, open func(context.Context, Target) (Queue, error)) {
	for pause := 250 * time.Millisecond; ctx.Err() == nil; {
		q, err := open(ctx, l.target)
		if err == nil {
			pause = 250 * time.Millisecond
			err = drain(ctx, hard, q, l, parked)
			q.Close()
		}
		if ctx.Err() != nil {
			return
		}
		slog.Warn("event queue broken, opening it again", "function", l.target.Function, "parked", parked, "err", err)
		sleep(ctx, pause)
		pause = min(2*pause, 5*time.Second)
	}
}

func drain(ctx, hard context.Context, q Queue, l *lanes, parked bool) error {
	for {
		d, err := q.Next(ctx)
		if err != nil {
			return err
		}
		l.add(hard, d, parked)
	}
}
