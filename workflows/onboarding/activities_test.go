package onboarding

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.uber.org/goleak"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// What a store says about a failure may quote what it was asked; nothing of it
// may reach Temporal.
func TestCausesStayOutOfTheHistory(t *testing.T) {
	for name, cause := range map[string]error{
		"plain":   errors.New("CREATE ROLE x PASSWORD 'hunter2'"),
		"wrapped": fmt.Errorf("create role: %w", errors.New("hunter2")),
		"private": &dcoder.Error{Status: 400, Code: "x", Message: "public", Cause: errors.New("hunter2")},
		"panic":   errors.New("panic"),
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{fail: map[string][]error{"role": {cause}}}
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestActivityEnvironment()
			registerActivities(env, Deps{Provisioner: s, Counters: s, Publisher: s})
			_, err := env.ExecuteActivity(stepRole, request())
			var app *temporal.ApplicationError
			require.ErrorAs(t, err, &app)
			for e := error(app); e != nil; e = errors.Unwrap(e) {
				assert.NotContains(t, fmt.Sprintf("%v %+v", e, e), "hunter2")
				assert.NotContains(t, e.Error(), "password")
			}
			assert.Equal(t, name == "private", app.NonRetryable())
		})
	}
}

func TestHeartbeatEnds(t *testing.T) {
	before := goleak.IgnoreCurrent()
	heartbeat(t.Context())()
	goleak.VerifyNone(t, before)
}
