package onboarding

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Names of the activities. A running workflow's history names them, so they stay.
const (
	stepReserve  = "onboarding.reserve"
	stepRole     = "onboarding.create-role"
	stepDatabase = "onboarding.create-database"
	stepMigrate  = "onboarding.migrate"
	stepSeed     = "onboarding.seed"
	stepCounters = "onboarding.open-counters"
	stepActivate = "onboarding.activate"
	stepAnnounce = "onboarding.announce"
	stepFailed   = "onboarding.mark-failed"
)

// steps in their order; each needs those before it.
var steps = []string{
	stepReserve, stepRole, stepDatabase, stepMigrate, stepSeed, stepCounters, stepActivate, stepAnnounce,
}

// Workflow takes the steps one after another. When one fails for good the tenant
// is marked failed and the workflow ends with that step's error.
func Workflow(ctx workflow.Context, in dcoder.Onboarding) error {
	for _, step := range steps {
		if err := workflow.ExecuteActivity(patience(ctx, step), step, in).Get(ctx, nil); err != nil {
			markFailed(ctx, in, step)
			return err
		}
	}
	return nil
}

// patience is how long a step may take and how often it is tried. A heartbeat
// that stops for 3 s means that its worker is gone. Retries go on for a quarter
// of an hour: longer than a fail-over of Postgres or Redis takes.
func patience(ctx workflow.Context, step string) workflow.Context {
	one := 30 * time.Second
	if step == stepMigrate {
		one = 5 * time.Minute
	}
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    one,
		ScheduleToCloseTimeout: 15 * time.Minute,
		HeartbeatTimeout:       3 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second,
			MaximumAttempts: 100,
		},
	})
}

// markFailed runs even when the workflow was cancelled. Its own failure is not
// told: the workflow ends with the step's error, which says more.
func markFailed(ctx workflow.Context, in dcoder.Onboarding, step string) {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second, ScheduleToCloseTimeout: time.Minute,
	})
	if err := workflow.ExecuteActivity(ctx, stepFailed, in.Tenant, step).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("a failed onboarding could not be marked", "tenant", in.Tenant, "error", err)
	}
}
