package temporal

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

// Serve works on the task queue until ctx ends, and then waits for what runs.
// While Temporal cannot be reached it tries again, less and less often; it
// returns an error only for what trying again cannot mend.
func Serve(ctx context.Context, c client.Client, o Options, register func(worker.Registry)) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		w, fatal := newWorker(c, o)
		register(w)
		err := w.Start()
		if err == nil {
			return o.serveUntil(ctx, w, fatal)
		}
		w.Stop()
		o.log().WarnContext(ctx, "the worker waits for Temporal", "address", o.Address, "error", err.Error())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

func (o *Options) serveUntil(ctx context.Context, w worker.Worker, fatal <-chan error) error {
	o.log().InfoContext(ctx, "the worker is at work")
	defer w.Stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-fatal:
		return err
	}
}
