package temporal

import (
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

const deployment = "dcoder-worker"

// drain is how long a stopping worker waits for its activities; less than a
// process has to drain.
const drain = 15 * time.Second

// NewWorker returns a worker of the platform's task queue. The caller registers
// workflows and activities, starts and stops it.
//
// The build id is said explicitly, in both places where the SDK asks for one:
// otherwise it hashes its own executable at every start (30 ms; 700 ms under a
// CPU limit of 100m).
func NewWorker(c client.Client, o Options) worker.Worker {
	w, _ := newWorker(c, o)
	return w
}

func newWorker(c client.Client, o Options) (worker.Worker, <-chan error) {
	fatal := make(chan error, 1)
	build := buildID()
	worker.SetBinaryChecksum(build) //nolint:staticcheck // the start still hashes the executable without it
	return worker.New(c, o.taskQueue(), worker.Options{
		WorkerStopTimeout: drain,
		OnFatalError: func(err error) {
			select {
			case fatal <- err:
			default: // one is enough to end
			}
		},
		// A worker that died is found out after this, not after the usual 5 s.
		StickyScheduleToStartTimeout: 2 * time.Second,
		DeploymentOptions: worker.DeploymentOptions{
			Version: worker.WorkerDeploymentVersion{DeploymentName: deployment, BuildID: build},
		},
	}), fatal
}

// buildID is the commit that was built, or "dev".
func buildID() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "dev"
}
