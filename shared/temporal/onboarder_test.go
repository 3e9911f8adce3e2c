package temporal_test

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
	"github.com/d-coder-ai/dcoder/shared/temporal"
)

var quiet = slog.New(slog.DiscardHandler)

// house is a task queue of the test's own on the real server, with a worker that
// runs the given function as the onboarding.
func house(t *testing.T, onboarding func(workflow.Context, dcoder.Onboarding) error) (*temporal.Onboarder, client.Client) {
	t.Helper()
	o := temporal.Options{
		Address: stacktest.Env(t).TemporalAddress, TaskQueue: "test-" + dcoder.NewID(), Log: quiet,
	}
	c, err := temporal.NewClient(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	w := temporal.NewWorker(c, o)
	w.RegisterWorkflowWithOptions(onboarding, workflow.RegisterOptions{Name: dcoder.OnboardingWorkflow})
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	return temporal.NewOnboarder(c, o), c
}

func somebody() dcoder.Onboarding {
	return dcoder.Onboarding{Tenant: dcoder.NewTenantID(), Name: "Acme"}
}

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAskingTwiceMakesOne(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	onboarder, c := house(t, func(ctx workflow.Context, _ dcoder.Onboarding) error {
		if !workflow.IsReplaying(ctx) {
			runs.Add(1)
		}
		workflow.GetSignalChannel(ctx, "go").Receive(ctx, nil)
		return nil
	})
	in := somebody()
	require.NoError(t, onboarder.Start(patient(t), in))
	require.NoError(t, onboarder.Start(patient(t), in), "one that runs is joined")
	require.NoError(t, c.SignalWorkflow(patient(t), dcoder.OnboardingID(in.Tenant), "", "go", nil))
	done, err := onboarder.Onboard(patient(t), in)
	require.NoError(t, err)
	assert.True(t, done)
	done, err = onboarder.Onboard(patient(t), in)
	require.NoError(t, err, "one that succeeded is not run again")
	assert.True(t, done)
	assert.EqualValues(t, 1, runs.Load())
}

func TestAFailedOneGoesOn(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	onboarder, _ := house(t, func(ctx workflow.Context, _ dcoder.Onboarding) error {
		if runs.Add(1) == 1 {
			return sdk.NewApplicationErrorWithOptions("the name is taken", "name_taken",
				sdk.ApplicationErrorOptions{NonRetryable: true, Details: []any{409}})
		}
		return nil
	})
	in := somebody()
	_, err := onboarder.Onboard(patient(t), in)
	var e *dcoder.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, []any{409, "name_taken", "the name is taken"}, []any{e.Status, e.Code, e.Message})
	done, err := onboarder.Onboard(patient(t), in)
	require.NoError(t, err)
	assert.True(t, done)
}

func TestOtherFailuresAreInternal(t *testing.T) {
	t.Parallel()
	onboarder, _ := house(t, func(workflow.Context, dcoder.Onboarding) error {
		return sdk.NewNonRetryableApplicationError("private words", "x", nil)
	})
	_, err := onboarder.Onboard(patient(t), somebody())
	e := dcoder.AsError(err)
	assert.Equal(t, 500, e.Status)
	assert.NotContains(t, e.Message, "private")
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	onboarder, c := house(t, func(ctx workflow.Context, _ dcoder.Onboarding) error {
		workflow.GetSignalChannel(ctx, "never").Receive(ctx, nil)
		return nil
	})
	in := somebody()
	require.NoError(t, onboarder.Start(patient(t), in))
	done, err := true, error(nil)
	for d := 100 * time.Millisecond; d < 10*time.Second; d *= 2 { // a busy server may need longer to be asked
		ctx, cancel := context.WithTimeout(t.Context(), d)
		done, err = onboarder.Onboard(ctx, in)
		cancel()
		if err == nil {
			break
		}
	}
	require.NoError(t, err)
	assert.False(t, done)
	require.NoError(t, c.TerminateWorkflow(patient(t), dcoder.OnboardingID(in.Tenant), "", "end of the test"))
}

func TestTemporalAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	o := temporal.Options{Address: l.Addr().String(), Log: quiet}
	c, err := temporal.NewClient(o)
	require.NoError(t, err, "a process starts while Temporal is away")
	defer c.Close()
	err = temporal.NewOnboarder(c, o).Start(t.Context(), somebody())
	e := dcoder.AsError(err)
	assert.Equal(t, 503, e.Status, "%v", err)
	assert.Equal(t, "workflows_unavailable", e.Code)
	assert.Positive(t, e.RetryAfter)
	assert.NotContains(t, e.Message, "127.0.0.1")
}

func TestBadInputIsRefusedBeforeItTravels(t *testing.T) {
	t.Parallel()
	onboarder := temporal.NewOnboarder(nil, temporal.Options{})
	for _, id := range []string{"", "_platform", "short", "ACME00000001", "acme0000000/", "1cme00000001"} {
		e := dcoder.AsError(onboarder.Start(t.Context(), dcoder.Onboarding{Tenant: id}))
		assert.Equal(t, 400, e.Status, id)
		assert.Equal(t, "tenant", e.Field)
	}
	_, err := temporal.NewClient(temporal.Options{APIKey: "k"})
	assert.ErrorContains(t, err, "TLS")
}
