package temporal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Onboarder starts and watches onboardings.
type Onboarder struct {
	client client.Client
	queue  string
}

// NewOnboarder returns an Onboarder; it does not close c.
func NewOnboarder(c client.Client, o Options) *Onboarder {
	return &Onboarder{client: c, queue: o.taskQueue()}
}

const (
	startTimeout = 3 * time.Second
	// lifetime bounds an onboarding with all its retries. Past it the tenant is
	// neither here nor there, and asking again goes on where it stopped.
	lifetime = time.Hour
	// taskTimeout is how long a decision may take: they take microseconds, so a
	// worker that died in one is found out soon.
	taskTimeout = 3 * time.Second
)

// Start starts a tenant's onboarding and returns when Temporal holds it. A second
// call for the same tenant joins the one that runs, does nothing after one that
// succeeded, and goes on where it stopped after one that failed. Errors are
// *dcoder.Error: 503 while Temporal cannot be reached.
func (o *Onboarder) Start(ctx context.Context, in dcoder.Onboarding) error {
	_, err := o.start(ctx, in)
	return err
}

// Onboard starts a tenant's onboarding and waits until the tenant is ready or
// ctx ends. done is false when ctx ended first or Temporal went away meanwhile; the
// onboarding goes on.
func (o *Onboarder) Onboard(ctx context.Context, in dcoder.Onboarding) (done bool, err error) {
	run, err := o.start(ctx, in)
	if err != nil {
		return false, err
	}
	err = run.Get(ctx, nil)
	if err != nil && (ctx.Err() != nil || unreachable(err)) {
		return false, nil //nolint:nilerr // it is held, and goes on without us
	}
	if err != nil {
		return false, publicError("wait for the onboarding of "+in.Tenant, err)
	}
	return true, nil
}

func (o *Onboarder) start(ctx context.Context, in dcoder.Onboarding) (client.WorkflowRun, error) {
	if !dcoder.ValidTenantID(in.Tenant) {
		return nil, dcoder.Invalid("tenant", "%q is not a tenant id", in.Tenant)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	run, err := o.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: dcoder.OnboardingID(in.Tenant), TaskQueue: o.queue,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowExecutionTimeout: lifetime, WorkflowTaskTimeout: taskTimeout,
		// No fairness key: see docs/decisions/0070-onboarding-without-fairness-key.md.
	}, dcoder.OnboardingWorkflow, in)
	if err != nil {
		return nil, publicError("start the onboarding of "+in.Tenant, err)
	}
	return run, nil
}

// publicError keeps what a workflow says for the public, and calls the rest
// unavailable or internal.
func publicError(doing string, err error) error {
	cause := fmt.Errorf("%s: %w", doing, err)
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return fromFailure(app, cause)
	}
	if unreachable(err) {
		return dcoder.Unavailable("workflows_unavailable",
			"the workflow service cannot be reached; try again", 5*time.Second, cause)
	}
	return dcoder.Internal(cause)
}

func unreachable(err error) bool {
	var unavailable *serviceerror.Unavailable
	var deadline *serviceerror.DeadlineExceeded
	var exhausted *serviceerror.ResourceExhausted
	return errors.As(err, &unavailable) || errors.As(err, &deadline) || errors.As(err, &exhausted) ||
		errors.Is(err, context.DeadlineExceeded)
}

// fromFailure rebuilds the error that an activity ended with: its type is the
// code, its message and status are public (see Failure).
func fromFailure(app *temporal.ApplicationError, cause error) *dcoder.Error {
	var status int
	if !app.HasDetails() || app.Details(&status) != nil || status < 400 || status > 599 {
		return dcoder.Internal(cause)
	}
	return &dcoder.Error{Status: status, Code: app.Type(), Message: app.Message(), Cause: cause}
}
