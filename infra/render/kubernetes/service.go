package kubernetes

import (
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// mostTimeout stays below Knative's max-revision-timeout-seconds (600 unless an
// operator raised it) and below Kong's read timeout: timeouts grow outwards.
const mostTimeout = 590 * time.Second

// service is a function as a Knative Service. Nobody reaches it from outside the
// cluster but through Kong.
func service(d *deployable.Deployable) manifest.Object {
	spec := pod(d)
	spec["containerConcurrency"] = 0
	spec["timeoutSeconds"] = int(min(d.Scale.Timeout, mostTimeout).Seconds())
	out := object("serving.knative.dev/v1", "Service", d.Name, manifest.Object{"template": manifest.Object{
		"metadata": manifest.Object{"labels": podLabels(d), "annotations": scale(d.Scale)},
		"spec":     spec,
	}})
	marks := labels(d.Name)
	marks["networking.knative.dev/visibility"] = "cluster-local"
	out["metadata"] = manifest.Object{"name": d.Name, "labels": marks}
	return out
}

// scale is soft: the function sheds by itself, so a burst is answered rather
// than queued behind a hard limit.
func scale(s function.Scaling) manifest.Object {
	out := manifest.Object{
		"autoscaling.knative.dev/metric":    "concurrency",
		"autoscaling.knative.dev/target":    strconv.Itoa(s.Concurrency),
		"autoscaling.knative.dev/min-scale": strconv.Itoa(s.Min),
	}
	if s.Max > 0 {
		out["autoscaling.knative.dev/max-scale"] = strconv.Itoa(s.Max)
	}
	return out
}
