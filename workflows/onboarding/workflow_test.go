package onboarding

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// script stands for the stores: it writes down what is asked and answers as told.
type script struct {
	mu     sync.Mutex
	asked  []string
	fail   map[string][]error // by method, one for each call; then success
	events []dcoder.Envelope
}

func (s *script) ask(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
	if len(s.fail[what]) == 0 {
		return nil
	}
	err := s.fail[what][0]
	s.fail[what] = s.fail[what][1:]
	if err != nil && err.Error() == "panic" {
		panic("with a password in it")
	}
	return err
}

func (s *script) ReserveTenant(context.Context, dcoder.Onboarding) error { return s.ask("reserve") }
func (s *script) CreateRole(context.Context, string) error               { return s.ask("role") }
func (s *script) CreateDatabase(context.Context, string) error           { return s.ask("database") }
func (s *script) MigrateDatabase(context.Context, string) error          { return s.ask("migrate") }
func (s *script) SeedDefaults(context.Context, dcoder.Onboarding) error  { return s.ask("seed") }
func (s *script) Activate(context.Context, string) error                 { return s.ask("activate") }

func (s *script) MarkFailed(_ context.Context, _, at string) error { return s.ask("failed at " + at) }

func (s *script) Open(context.Context, string) error { return s.ask("counters") }

func (s *script) Publish(_ context.Context, events ...dcoder.Envelope) error {
	s.events = append(s.events, events...)
	return s.ask("announce")
}

var wanted = []string{"reserve", "role", "database", "migrate", "seed", "counters", "activate", "announce"}

func request() dcoder.Onboarding {
	return dcoder.Onboarding{
		Tenant: "acme00000001", Name: "Acme", Platform: "d.coder", Plan: "pooled", TimeZone: "UTC", Currency: "USD",
		Admin:     dcoder.HashedKey{ID: "key000000001", Name: "first", Hash: []byte("keyed hash"), PepperID: "p1"},
		RequestID: "req-1", Actor: "owner0000001",
	}
}

func run(t *testing.T, s *script) (*testsuite.TestWorkflowEnvironment, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	Register(env, Deps{Provisioner: s, Counters: s, Publisher: s})
	env.ExecuteWorkflow(dcoder.OnboardingWorkflow, request())
	require.True(t, env.IsWorkflowCompleted())
	return env, env.GetWorkflowError()
}

func TestStepsInTheirOrder(t *testing.T) {
	s := &script{}
	_, err := run(t, s)
	require.NoError(t, err)
	assert.Equal(t, wanted, s.asked)
	require.Len(t, s.events, 1)
	e := s.events[0]
	assert.Equal(t, "created-acme00000001", e.ID)
	assert.Equal(t, "tenant.created", e.Type)
	assert.Equal(t, "acme00000001", e.Tenant)
	assert.Equal(t, []string{"req-1", "owner0000001", "d.coder"}, []string{e.Correlation, e.Actor, e.Platform})
	assert.JSONEq(t, `{"tenant":"acme00000001","name":"Acme"}`, string(e.Data))
}

func TestAStepIsTriedAgain(t *testing.T) {
	for _, err := range []error{
		errors.New("connection refused"), errors.New("panic"),
		dcoder.Unavailable("store_unavailable", "later", time.Second, nil),
		&dcoder.Error{Status: 429, Code: "busy", Message: "later"},
	} {
		s := &script{fail: map[string][]error{"migrate": {err, err}}}
		_, failed := run(t, s)
		require.NoError(t, failed)
		assert.Equal(t, []string{
			"reserve", "role", "database", "migrate", "migrate", "migrate", "seed", "counters", "activate", "announce",
		}, s.asked)
	}
}

func TestWhatARetryCannotMendEndsFailed(t *testing.T) {
	s := &script{fail: map[string][]error{"database": {dcoder.Conflict("name_taken", "the name is taken")}}}
	_, err := run(t, s)
	assert.Equal(t, []string{"reserve", "role", "database", "failed at onboarding.create-database"}, s.asked)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, "name_taken", app.Type())
	assert.Equal(t, "the name is taken", app.Message())
	var status int
	require.NoError(t, app.Details(&status))
	assert.Equal(t, 409, status)
}

// A store that never comes back is given up after a bounded time.
func TestRetriesEnd(t *testing.T) {
	away := make([]error, 1000)
	for i := range away {
		away[i] = errors.New("connection refused")
	}
	s := &script{fail: map[string][]error{"role": away}}
	_, err := run(t, s)
	require.Error(t, err)
	assert.Less(t, len(s.asked), 110)
	assert.Greater(t, len(s.asked), 50)
	assert.Equal(t, "failed at onboarding.create-role", s.asked[len(s.asked)-1])
}
