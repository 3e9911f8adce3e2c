package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// workers run beside the requests.
type workers struct {
	failed chan error // the first that failed
	cancel context.CancelFunc
	group  sync.WaitGroup
}

func (w *workers) start(list []Worker) {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.failed = cancel, make(chan error, len(list))
	for _, one := range list {
		w.group.Go(func() {
			if err := one.Run(ctx); err != nil && ctx.Err() == nil {
				w.failed <- fmt.Errorf("worker %s: %w", one.Name, err)
			}
		})
	}
}

// stop ends the workers and waits for them.
func (w *workers) stop(grace time.Duration) error {
	w.cancel()
	done := make(chan struct{})
	go func() { w.group.Wait(); close(done) }()
	if !within(grace, done) {
		return errors.New("a worker did not end in time")
	}
	return nil
}
