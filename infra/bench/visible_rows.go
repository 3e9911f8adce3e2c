package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/d-coder-ai/dcoder/infra/bench/platform"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/redis"
)

// samplesSeen is the answers whose rows are waited for, and how long the others
// took to be seen.
type samplesSeen struct {
	mu      sync.Mutex
	waiting map[string]time.Time // end of the answer by request id
	took    []time.Duration
}

func (s *samplesSeen) sorted() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.took))
}

func (s *samplesSeen) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// sampler asks beside the load under a key of its own, and looks for the rows.
type sampler struct {
	eye   *platform.Eye
	addr  string
	seen  *samplesSeen
	began time.Time
	asks  sync.WaitGroup
	looks sync.WaitGroup
	end   context.CancelFunc // of the asking
	close context.CancelFunc // of the looking
	mu    sync.Mutex
	err   error
}

// newSampler makes one call, so that the key is known, and begins.
func newSampler(ctx context.Context, eye *platform.Eye, addr string, every time.Duration) (*sampler, error) {
	s := &sampler{eye: eye, addr: addr, seen: &samplesSeen{waiting: map[string]time.Time{}}, began: time.Now()}
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	asking, end := context.WithCancel(ctx)
	looking, stop := context.WithCancel(ctx)
	s.end, s.close = end, stop
	s.asks.Go(func() { s.again(asking, every, s.ask) })
	s.looks.Go(func() { s.again(looking, 5*time.Millisecond, s.look) })
	return s, nil
}

func (s *sampler) stop() {
	s.end()
	s.asks.Wait()
}

// settled waits until the rows of all samples were seen.
func (s *sampler) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for s.seen.left() > 0 && ctx.Err() == nil {
		pause(ctx, 5*time.Millisecond)
	}
	s.close()
	s.looks.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.seen.left(); n > 0 {
		return errors.Join(s.err, fmt.Errorf("%d of the sampled answers have no row", n))
	}
	return s.err
}

func (s *sampler) again(ctx context.Context, every time.Duration, do func(context.Context) error) {
	for ctx.Err() == nil {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
		}
		pause(ctx, every)
	}
}

// ask makes one call and notes when its answer ended.
func (s *sampler) ask(ctx context.Context) error {
	body := cell{body: 1000}.render(platform.Model)
	r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, "http://"+s.addr+"/v1/chat/completions", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	id := dcoder.NewID()
	r.Header.Set("Authorization", "Bearer "+s.eye.Secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cache-Control", "no-store") // each is a call of a provider
	r.Header.Set("X-Request-Id", id)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("a sampled call was answered %d", res.StatusCode)
	}
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	s.seen.waiting[id] = time.Now()
	return nil
}

// look finds rows of samples.
func (s *sampler) look(ctx context.Context) error {
	return s.eye.ReadTenant(ctx, s.eye.Tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT request_id FROM usage WHERE key = $1 AND time >= $2`, s.eye.Key, s.began.Add(-time.Second))
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		now := time.Now()
		s.seen.mu.Lock()
		defer s.seen.mu.Unlock()
		for _, id := range ids {
			if ended, ok := s.seen.waiting[id]; ok {
				s.seen.took = append(s.seen.took, now.Sub(ended))
				delete(s.seen.waiting, id)
			}
		}
		return err
	})
}

// rowsSince counts the tenant's rows of calls admitted since then.
func rowsSince(ctx context.Context, eye *platform.Eye, then time.Time) (n int, err error) {
	err = eye.ReadTenant(ctx, eye.Tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM usage WHERE time >= $1`, then).Scan(&n)
	})
	return n, err
}

// drain waits until nothing waits in the outbox and the rows no longer grow; what
// it notes is when the last of them came.
func (w *watched) drain(ctx context.Context, p *platform.Platform, eye *platform.Eye, began, ended time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	w.all = w.atEnd
	outbox, last := redis.NewOutbox(p.Redis), ended
	for {
		entries, err := outbox.Pending(ctx, eye.Tenant, 0, 1)
		if err != nil {
			return err
		}
		n, err := rowsSince(ctx, eye, began)
		if err != nil {
			return err
		}
		if n > w.all {
			w.all, last = n, time.Now()
		}
		if n >= len(w.load.Latencies) && len(entries) == 0 && time.Since(last) > 3*time.Second {
			w.drained = last.Sub(ended)
			return nil
		}
		pause(ctx, 20*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("%d rows of %d answers, and entries wait in the outbox: %w", n, len(w.load.Latencies), ctx.Err())
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
