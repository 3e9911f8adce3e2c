package onboarding

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/stacktest"
)

var record = flag.Bool("record", false, "record testdata/*.json again from the Temporal of the local stack")

// recordings are onboardings as they ran. A change of the workflow that breaks
// one would break those that run while it is deployed: keep it behind
// workflow.GetVersion, and add a recording rather than replace one.
var recordings = map[string]map[string][]error{
	"history":        {"migrate": {errors.New("connection refused")}},
	"history_failed": {"seed": {dcoder.Invalid("timezone", "no such time zone")}},
}

func TestReplay(t *testing.T) {
	for name, faults := range recordings {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".json")
			if *record {
				recordHistory(t, path, faults)
			}
			r := worker.NewWorkflowReplayer()
			r.RegisterWorkflowWithOptions(Workflow, workflow.RegisterOptions{Name: dcoder.OnboardingWorkflow})
			require.NoError(t, r.ReplayWorkflowHistoryFromJSONFile(nil, path))
		})
	}
}

// The replay notices what it is there for.
func TestReplayNoticesAnotherOrder(t *testing.T) {
	r := worker.NewWorkflowReplayer()
	r.RegisterWorkflowWithOptions(func(ctx workflow.Context, in dcoder.Onboarding) error {
		return workflow.ExecuteActivity(patience(ctx, stepSeed), stepSeed, in).Get(ctx, nil)
	}, workflow.RegisterOptions{Name: dcoder.OnboardingWorkflow})
	assert.Error(t, r.ReplayWorkflowHistoryFromJSONFile(nil, filepath.Join("testdata", "history.json")))
}

// Only the keyed hash of the key, and the public part of an error, are kept.
func TestRecordingsHoldNoSecret(t *testing.T) {
	for name := range recordings {
		text := readable(t, filepath.Join("testdata", name+".json"))
		assert.Contains(t, text, `"pepper_id":"p1"`, "payloads are read")
		assert.NotContains(t, text, "dck_")
		assert.NotContains(t, text, "connection refused")
	}
}

// readable is a recording with its payloads decoded.
func readable(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	text := string(raw)
	for _, m := range regexp.MustCompile(`"data": "([^"]*)"`).FindAllStringSubmatch(text, -1) {
		data, err := base64.StdEncoding.DecodeString(m[1])
		require.NoError(t, err)
		text += string(data)
	}
	return text
}

func recordHistory(t *testing.T, path string, faults map[string][]error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := client.Dial(client.Options{HostPort: stacktest.Env(t).TemporalAddress, Identity: "recorder"})
	require.NoError(t, err)
	defer c.Close()
	queue := "record-" + dcoder.NewID()
	w := worker.New(c, queue, worker.Options{Identity: "recorder"})
	s := &script{fail: faults}
	Register(w, Deps{Provisioner: s, Counters: s, Publisher: s})
	require.NoError(t, w.Start())
	defer w.Stop()
	in := request()
	in.Tenant = dcoder.NewTenantID()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: dcoder.OnboardingID(in.Tenant), TaskQueue: queue,
	}, dcoder.OnboardingWorkflow, in)
	require.NoError(t, err)
	_ = run.Get(ctx, nil) // one of the recordings fails
	writeHistory(ctx, t, c, run, path)
}

func writeHistory(ctx context.Context, t *testing.T, c client.Client, run client.WorkflowRun, path string) {
	t.Helper()
	var h history.History
	events := c.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, e)
	}
	raw, err := protojson.MarshalOptions{Indent: " "}.Marshal(&h)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, append(raw, '\n'), 0o644))
}
