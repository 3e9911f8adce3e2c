package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/infra/bench/proc"
	"github.com/d-coder-ai/dcoder/infra/bench/stats"
	"github.com/d-coder-ai/dcoder/infra/e2e/site"
)

// ready: site.Open has waited already; this says how many there are.
func ready(ctx context.Context, s *site.Site, _ options) (string, error) {
	raw, err := s.Cluster.Run(ctx, nil, "get", "ksvc,deployment", "-l", "app.kubernetes.io/part-of=dcoder", "-o", "name")
	names := strings.Fields(string(raw))
	own := slices.DeleteFunc(names, func(n string) bool { return strings.Contains(n, "-0000") }) // Knative's own Deployments
	return fmt.Sprintf("%d Services and Deployments", len(own)), errors.Join(err, s.AllReady(ctx))
}

// completes: one call, and its row.
func completes(ctx context.Context, s *site.Site, _ options) (string, error) {
	began := time.Now()
	if err := chat(ctx, s, "the first call"); err != nil {
		return "", err
	}
	answered := time.Since(began)
	_, err := rowsBecome(ctx, s, began, 1)
	return fmt.Sprintf("answer after %v, row seen after %v", answered.Round(time.Millisecond), time.Since(began).Round(time.Millisecond)), err
}

// sleepers are the functions that nobody needs while no tenant does anything.
var sleepers = []string{"chat", "embed", "usage", "tenants", "access", "quota", "settings", "deadletters"}

// sleeps: with nobody calling, no function has a pod; what the shared processes take is printed.
func sleeps(ctx context.Context, s *site.Site, _ options) (string, error) {
	began := time.Now()
	for _, f := range sleepers {
		if err := s.Asleep(ctx, f); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d functions have no pod %v after the last call; dispatcher takes %s, worker %s",
		len(sleepers), time.Since(began).Round(time.Second), memory("dispatcher"), memory("worker")), nil
}

// memory is the resident memory of a program of ours in a pod, where the node is this machine.
func memory(program string) string {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil || !strings.HasPrefix(string(raw), "/ko-app/"+program+"\x00") && string(raw) != "/ko-app/"+program {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(f, "/proc/%d/", &pid); err != nil {
			continue
		}
		if n, err := proc.Resident(pid); err == nil {
			return fmt.Sprintf("%.1f MB", float64(n)/1e6)
		}
	}
	return "an unknown amount (its node is another machine)"
}

// coldStarts: a completion from zero and hello from zero, in turns.
func coldStarts(ctx context.Context, s *site.Site, o options) (string, error) {
	took := map[string][]time.Duration{}
	for i := range o.colds {
		names := []string{"chat", "hello"}
		if i%2 == 1 {
			slices.Reverse(names)
		}
		for _, name := range names {
			if err := s.Asleep(ctx, name); err != nil {
				return "", err
			}
			began := time.Now()
			if err := wake(ctx, s, name, i); err != nil {
				return "", fmt.Errorf("%s from zero: %w", name, err)
			}
			took[name] = append(took[name], time.Since(began))
		}
	}
	line := func(name string) (p50, p90 float64) {
		slices.Sort(took[name])
		return stats.Percentile(took[name], 50).Seconds(), stats.Percentile(took[name], 90).Seconds()
	}
	c50, c90 := line("chat")
	h50, h90 := line("hello")
	return fmt.Sprintf("%d each: completion %.2f s (p90 %.2f), hello %.2f s (p90 %.2f): %.2f x (goal 1.15)", o.colds, c50, c90, h50, h90, c50/h50), nil
}

func wake(ctx context.Context, s *site.Site, name string, i int) error {
	if name == "chat" {
		return chat(ctx, s, fmt.Sprintf("from zero, %d", i))
	}
	return s.Do(ctx, name, http.MethodGet, "/", "", nil, nil)
}

// sleepingEvents: while the dispatcher is away, calls leave events; then it comes back, and usage, which sleeps, has
// to hear every one of them once.
func sleepingEvents(ctx context.Context, s *site.Site, o options) (string, error) {
	if err := scale(ctx, s, 0); err != nil {
		return "", err
	}
	began := time.Now()
	if err := calls(ctx, s, o.events, 16, "an event, "); err != nil {
		return "", errors.Join(err, scale(ctx, s, 1))
	}
	if err := s.Asleep(ctx, "usage"); err != nil {
		return "", errors.Join(err, scale(ctx, s, 1))
	}
	woken := time.Now()
	if err := scale(ctx, s, 1); err != nil {
		return "", err
	}
	got, err := rowsBecome(ctx, s, began, o.events)
	return fmt.Sprintf("%d events, %d effects, %v after the dispatcher came back", o.events, got, time.Since(woken).Round(100*time.Millisecond)), err
}

func scale(ctx context.Context, s *site.Site, n int) error {
	if _, err := s.Cluster.Run(ctx, nil, "scale", "deployment/dispatcher", fmt.Sprintf("--replicas=%d", n)); err != nil {
		return err
	}
	_, err := s.Cluster.Run(ctx, nil, "rollout", "status", "deployment/dispatcher", "--timeout=120s")
	return err
}
