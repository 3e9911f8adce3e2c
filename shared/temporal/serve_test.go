package temporal_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/temporal"
)

// A worker that starts before Temporal does its work as soon as Temporal is
// there, and ends with its context.
func TestServeWaitsForTemporal(t *testing.T) {
	t.Parallel()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := front.Addr().String()
	require.NoError(t, front.Close())

	said := &words{heard: make(chan struct{})}
	o := temporal.Options{
		Address: address, TaskQueue: "test-" + dcoder.NewID(), Log: slog.New(slog.NewTextHandler(said, nil)),
	}
	c, err := temporal.NewClient(o)
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- temporal.Serve(ctx, c, o, func(r worker.Registry) {
			r.RegisterWorkflowWithOptions(func(workflow.Context, dcoder.Onboarding) error { return nil },
				workflow.RegisterOptions{Name: dcoder.OnboardingWorkflow})
		})
	}()
	<-said.heard
	forward(t, address, stacktest.Env(t).TemporalAddress)

	direct := o
	direct.Address, direct.Log = stacktest.Env(t).TemporalAddress, quiet
	d, err := temporal.NewClient(direct)
	require.NoError(t, err)
	defer d.Close()
	done, err := temporal.NewOnboarder(d, direct).Onboard(patient(t), somebody())
	require.NoError(t, err)
	assert.True(t, done)
	cancel()
	require.NoError(t, <-ended)
}

// words closes heard when the worker said that it waits.
type words struct {
	heard chan struct{}
	once  sync.Once
}

func (w *words) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("waits for Temporal")) {
		w.once.Do(func() { close(w.heard) })
	}
	return len(p), nil
}

// forward lets the server at to be reached at from, until the test ends.
func forward(t *testing.T, from, to string) {
	t.Helper()
	l, err := net.Listen("tcp", from)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.DialTimeout("tcp", to, time.Second)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
}
