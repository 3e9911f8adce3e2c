package kubernetes

import (
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// drainSeconds is longer than a process needs after SIGTERM: its grace period,
// last words, workers and hooks.
const drainSeconds = 60

// deployment is a process that takes its work from somewhere and so cannot be a
// Knative Service. Two of it may run beside each other while one replaces the
// other.
func deployment(d *deployable.Deployable) manifest.Object {
	spec := pod(d)
	spec["terminationGracePeriodSeconds"] = drainSeconds
	return object("apps/v1", "Deployment", d.Name, manifest.Object{
		"selector": manifest.Object{"matchLabels": labels(d.Name)},
		"strategy": manifest.Object{"type": "RollingUpdate", "rollingUpdate": manifest.Object{"maxUnavailable": 0, "maxSurge": 1}},
		"template": manifest.Object{"metadata": manifest.Object{"labels": podLabels(d)}, "spec": spec},
	})
}

// job runs once for each release, before everything else is rolled.
func job(d *deployable.Deployable) manifest.Object {
	spec := pod(d)
	spec["restartPolicy"] = "OnFailure"
	return object("batch/v1", "Job", d.Name, manifest.Object{
		"backoffLimit": 3, "activeDeadlineSeconds": int(d.Scale.Timeout.Seconds()), "ttlSecondsAfterFinished": 86400,
		"template": manifest.Object{"metadata": manifest.Object{"labels": podLabels(d)}, "spec": spec},
	})
}

// account is the identity of one deployable; it may do nothing in the cluster.
func account(name string) manifest.Object {
	out := object("v1", "ServiceAccount", name, nil)
	delete(out, "spec")
	out["automountServiceAccountToken"] = false
	return out
}

// disruption lets a node be emptied one pod of a deployable at a time.
func disruption(d *deployable.Deployable) manifest.Object {
	return object("policy/v1", "PodDisruptionBudget", d.Name, manifest.Object{
		"maxUnavailable": 1,
		"selector":       manifest.Object{"matchLabels": manifest.Object{"app.kubernetes.io/name": d.Name}},
	})
}
