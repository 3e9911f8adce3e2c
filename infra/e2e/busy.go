package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/d-coder-ai/dcoder/infra/e2e/kube"
	"github.com/d-coder-ai/dcoder/infra/e2e/site"
	"github.com/d-coder-ai/dcoder/infra/llmsim"
)

// calls makes n different completions over some connections; the first failure ends it.
func calls(ctx context.Context, s *site.Site, n, conns int, say string) error {
	var next atomic.Int64
	return together(conns, func(int) error {
		for {
			i := next.Add(1)
			if i > int64(n) {
				return nil
			}
			if err := chat(ctx, s, fmt.Sprint(say, i)); err != nil {
				return err
			}
		}
	})
}

// together runs f so many times at once and says how many failed, and how the first did.
func together(n int, f func(int) error) error {
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { errs[i] = f(i) })
	}
	group.Wait()
	if errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil }); len(errs) > 0 {
		return fmt.Errorf("%d of %d failed, the first: %w", len(errs), n, errs[0])
	}
	return nil
}

// streamed reads one stream to its end and returns its content. A stream without [DONE] is an error.
func streamed(ctx context.Context, s *site.Site, model, say string) (string, error) {
	r, err := s.Request(ctx, "chat", http.MethodPost, "/v1/chat/completions", s.Key, site.Completion(model, true, say))
	if err != nil {
		return "", err
	}
	r.Header.Set("Cache-Control", "no-store")
	answer, err := site.Client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", answer.StatusCode)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if data == "[DONE]" {
			return said.String(), nil
		}
		var event struct {
			Choices []struct{ Delta struct{ Content string } }
			Error   json.RawMessage
		}
		if !ok || json.Unmarshal([]byte(data), &event) != nil {
			continue
		}
		if event.Error != nil {
			return "", fmt.Errorf("an error frame after %d bytes: %s", said.Len(), event.Error)
		}
		for _, c := range event.Choices {
			said.WriteString(c.Delta.Content)
		}
	}
	return "", fmt.Errorf("cut after %d bytes", said.Len())
}

// scalesOut: more streams at once than one pod aims at bring up another.
func scalesOut(ctx context.Context, s *site.Site, _ options) (string, error) {
	const streams = 400 // the target is 250 a pod
	most := 0
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		_ = kube.Until(ctx, "two pods", time.Minute, 300*time.Millisecond, func(ctx context.Context) (bool, error) {
			names, err := s.Pods(ctx, "serving.knative.dev/service=chat")
			most = max(most, len(names))
			return most > 1, err
		})
	}()
	err := together(streams, func(i int) error {
		_, err := streamed(ctx, s, slow, fmt.Sprint("many at once ", i))
		return err
	})
	<-watched
	if err == nil && most < 2 {
		err = fmt.Errorf("never more than %d pods", most)
	}
	return fmt.Sprintf("%d streams at once: %d pods", streams, most), err
}

// rolls: a new revision is rolled out while streams are open; each must come whole.
func rolls(ctx context.Context, s *site.Site, o options) (string, error) {
	contents := make([]string, o.streams)
	var open sync.WaitGroup
	var failed error
	open.Go(func() {
		failed = together(o.streams, func(i int) (err error) {
			contents[i], err = streamed(ctx, s, o.long(), "a long answer, please")
			return err
		})
	})
	if err := waitRunning(ctx, s, o.streams); err != nil {
		return "", err
	}
	before, err := s.Pods(ctx, "serving.knative.dev/service=chat")
	if err != nil {
		return "", err
	}
	if err := s.Revise(ctx, "chat", fmt.Sprint(time.Now().UnixNano())); err != nil {
		return "", err
	}
	if err := s.AllReady(ctx); err != nil {
		return "", err
	}
	if err := chat(ctx, s, "after the update"); err != nil {
		return "", err
	}
	open.Wait()
	if failed != nil {
		return "", failed
	}
	for _, c := range contents {
		if c != contents[0] || c == "" {
			return "", fmt.Errorf("streams of the same answer differ: %d and %d bytes", len(c), len(contents[0]))
		}
	}
	return fmt.Sprintf("%d streams of %v, each the same %d bytes; %d pods of the old revision were left", o.streams, o.length, len(contents[0]), len(before)), nil
}

// waitRunning waits until the simulator serves so many at once.
func waitRunning(ctx context.Context, s *site.Site, n int) error {
	return kube.Until(ctx, fmt.Sprintf("%d streams open", n), time.Minute, 100*time.Millisecond, func(context.Context) (bool, error) {
		running := 0
		for _, seen := range s.Simulator.Requests(0) {
			if seen.State == llmsim.StateRunning {
				running++
			}
		}
		return running >= n, fmt.Errorf("%d run", running)
	})
}

// canary: a tenth of the traffic goes to a new revision, within three points.
func canary(ctx context.Context, s *site.Site, o options) (seen string, err error) {
	split, err := s.Canary(ctx, "chat", 10)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, split.End(ctx)) }()
	var mu sync.Mutex
	count := map[string]int{}
	var next atomic.Int64
	err = together(8, func(int) error {
		for next.Add(1) <= int64(o.calls) {
			var health struct{ Started string }
			if err := s.Do(ctx, "chat", http.MethodGet, "/health", "", nil, &health); err != nil {
				return err
			}
			mu.Lock()
			count[health.Started]++
			mu.Unlock()
		}
		return nil
	})
	least := o.calls
	for _, n := range count {
		least = min(least, n)
	}
	percent := 100 * float64(least) / float64(o.calls)
	if err == nil && (len(count) != 2 || percent < 7 || percent > 13) {
		err = fmt.Errorf("%.1f %% of %d calls to one of %d revisions", percent, o.calls, len(count))
	}
	return fmt.Sprintf("%.1f %% of %d calls", percent, o.calls), err
}

// kills: pods are killed at random moments under load; in the end every call that reached the provider has one row.
func kills(ctx context.Context, s *site.Site, o options) (string, error) {
	began := time.Now()
	s.Simulator.Reset()
	load, stop := context.WithCancel(ctx)
	defer stop()
	var asked, failed atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = together(8, func(worker int) error {
			for i := 0; load.Err() == nil; i++ {
				asked.Add(1)
				if chat(ctx, s, fmt.Sprint("under fire ", worker, " ", i)) != nil {
					failed.Add(1)
				}
			}
			return nil
		})
	}()
	victims := []string{"serving.knative.dev/service=chat", "app.kubernetes.io/name=dispatcher", "app.kubernetes.io/name=worker"}
	murders := 0
	for range o.murders {
		for _, label := range victims {
			pause := time.NewTimer(time.Duration(rand.Int64N(int64(2 * time.Second))))
			<-pause.C
			if _, err := s.Cluster.Run(ctx, nil, "delete", "pod", "-l", label, "--force", "--grace-period=0"); err != nil {
				return "", err
			}
			murders++
		}
	}
	stop()
	<-done
	served := 0
	for _, seen := range s.Simulator.Requests(0) {
		if seen.State != llmsim.StateRefused {
			served++
		}
	}
	got, err := settled(ctx, s, began, served, int(asked.Load()))
	return fmt.Sprintf("%d kills; %d calls, %d of them failed at the client; provider served %d, rows %d (the rest died before it heard of them)",
		murders, asked.Load(), failed.Load(), served, got), err
}

// settled waits until the rows no longer grow: what a killed process leaves behind is swept up after a minute. Each
// served call has one, and there are no more than calls.
func settled(ctx context.Context, s *site.Site, since time.Time, served, asked int) (got int, err error) {
	last, still := -1, time.Now()
	err = kube.Until(ctx, "the last row", 6*time.Minute, 2*time.Second, func(ctx context.Context) (bool, error) {
		if got, err = rows(ctx, s, since); err != nil {
			return false, err
		}
		if got != last {
			last, still = got, time.Now()
		}
		return got >= served && time.Since(still) > 2*time.Minute, fmt.Errorf("%d rows", got)
	})
	if err == nil && got > asked {
		err = fmt.Errorf("%d rows of %d calls", got, asked)
	}
	return got, err
}
