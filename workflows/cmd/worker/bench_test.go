package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/bench/stats"
)

// BenchmarkTenantCreated prints how long a tenant takes from the order to its
// last step, through Temporal and the worker, beside the bare steps in this
// process.
func BenchmarkTenantCreated(b *testing.B) {
	h := newHouse(b)
	h.start()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	var workflow, bare []time.Duration
	create := func() {
		in := h.order()
		began := time.Now()
		done, err := h.onboarder.Onboard(ctx, in)
		require.NoError(b, err)
		require.True(b, done)
		workflow = append(workflow, time.Since(began))
	}
	bareSteps := func() {
		in := h.order()
		began := time.Now()
		require.NoError(b, h.site.Make(ctx, in))
		bare = append(bare, time.Since(began))
	}
	create() // connections and the template are made once
	workflow = nil
	for b.Loop() {
		create()
		bareSteps()
	}
	b.ReportMetric(float64(stats.MedianDuration(workflow).Milliseconds()), "ms/tenant")
	b.ReportMetric(float64(stats.MedianDuration(bare).Milliseconds()), "ms/bare")
}
