package onboarding

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Register makes the workflow and its activities known to a worker.
func Register(r worker.Registry, d Deps) {
	r.RegisterWorkflowWithOptions(Workflow, workflow.RegisterOptions{Name: dcoder.OnboardingWorkflow})
	registerActivities(r, d)
}

func registerActivities(r worker.ActivityRegistry, d Deps) {
	a := &activities{d}
	for name, f := range a.byName() {
		r.RegisterActivityWithOptions(guarded(name, f), activity.RegisterOptions{Name: name})
	}
	r.RegisterActivityWithOptions(a.markFailed, activity.RegisterOptions{Name: stepFailed})
}

type step func(context.Context, dcoder.Onboarding) error

type activities struct{ d Deps }

func (a *activities) byName() map[string]step {
	p := a.d.Provisioner
	return map[string]step{
		stepReserve:  func(ctx context.Context, in dcoder.Onboarding) error { return p.ReserveTenant(ctx, in) },
		stepRole:     func(ctx context.Context, in dcoder.Onboarding) error { return p.CreateRole(ctx, in.Tenant) },
		stepDatabase: func(ctx context.Context, in dcoder.Onboarding) error { return p.CreateDatabase(ctx, in.Tenant) },
		stepMigrate:  func(ctx context.Context, in dcoder.Onboarding) error { return p.MigrateDatabase(ctx, in.Tenant) },
		stepSeed:     func(ctx context.Context, in dcoder.Onboarding) error { return p.SeedDefaults(ctx, in) },
		stepCounters: func(ctx context.Context, in dcoder.Onboarding) error { return a.d.Counters.Open(ctx, in.Tenant) },
		stepActivate: func(ctx context.Context, in dcoder.Onboarding) error { return p.Activate(ctx, in.Tenant) },
		stepAnnounce: a.announce,
	}
}

// announce publishes tenant.created. The event's id is made from the tenant, so
// that a second try is the same event.
func (a *activities) announce(ctx context.Context, in dcoder.Onboarding) error {
	e, err := dcoder.NewEvent(ctx, "/onboarding", in.Tenant, dcoder.TenantCreated{Tenant: in.Tenant, Name: in.Name})
	if err != nil {
		return err
	}
	e.ID, e.Correlation, e.Actor = "created-"+in.Tenant, in.RequestID, in.Actor
	if in.Platform != "" {
		e.Platform = in.Platform
	}
	return a.d.Publisher.Publish(ctx, e)
}

func (a *activities) markFailed(ctx context.Context, tenant, at string) error {
	return failure(ctx, stepFailed, tenant, a.d.Provisioner.MarkFailed(ctx, tenant, at))
}

// guarded is the coat of every step: it says that the worker lives, and keeps
// what must not be kept out of the history.
func guarded(name string, f step) step {
	return func(ctx context.Context, in dcoder.Onboarding) (err error) {
		defer heartbeat(ctx)()
		defer func() {
			if v := recover(); v != nil {
				err = failure(ctx, name, in.Tenant, fmt.Errorf("panic: %v", v))
			}
		}()
		return failure(ctx, name, in.Tenant, f(ctx, in))
	}
}

// heartbeat tells Temporal every second that the step is being worked on, until
// the returned function is called.
func heartbeat(ctx context.Context) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// failure turns an error into one that may stand in a history: code and public
// message. Its cause, which may quote what was asked of a store, goes to the log.
// A 4xx that a retry cannot mend is not retried.
func failure(ctx context.Context, name, tenant string, err error) error {
	if err == nil {
		return nil
	}
	slog.ErrorContext(ctx, "onboarding step failed", "step", name, "tenant", tenant,
		"attempt", activity.GetInfo(ctx).Attempt, "error", err)
	e := dcoder.AsError(err)
	return temporal.NewApplicationErrorWithOptions(e.Message, e.Code, temporal.ApplicationErrorOptions{
		NonRetryable: final(e), Details: []any{e.Status}, NextRetryDelay: e.RetryAfter,
	})
}

func final(e *dcoder.Error) bool {
	switch e.Status {
	case 408, 425, 429:
		return false
	}
	return e.Status < 500 && !errors.Is(e, context.Canceled)
}
