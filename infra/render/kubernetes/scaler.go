package kubernetes

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// scalers let KEDA add pods to what waits: the dispatcher by the lag of the
// durable consumers of all functions that hear events, the worker by its task
// queue. The last pod stays: the dispatcher sweeps and relays besides.
func scalers(e *Environment, all []deployable.Deployable) (out []any) {
	if e.Keda == nil {
		return nil
	}
	for _, d := range deployable.Of(all, deployable.Poller) {
		if triggers := triggers(&d, e.Keda, e.Config, deployable.Hears(all)); len(triggers) > 0 {
			out = append(out, scaledObject(d.Name, 1, e.Keda.Most, triggers))
		}
	}
	return out
}

func scaledObject(name string, least, most int, triggers manifest.List) manifest.Object {
	return object("keda.sh/v1alpha1", "ScaledObject", name, manifest.Object{
		"scaleTargetRef":  manifest.Object{"name": name},
		"minReplicaCount": least, "maxReplicaCount": most,
		"triggers": triggers,
	})
}

// triggers of a poller: what it polls.
func triggers(d *deployable.Deployable, k *Keda, config map[string]string, hears []string) manifest.List {
	switch {
	case d.Reads("DCODER_FUNCTION_URL"):
		return lag(k, cmp.Or(config["DCODER_NATS_PREFIX"], "dcoder"), hears)
	case d.Reads("DCODER_TEMPORAL_TASK_QUEUE"):
		return backlog(config)
	}
	return nil
}

func lag(k *Keda, prefix string, consumers []string) (out manifest.List) {
	for _, consumer := range consumers {
		out = append(out, manifest.Object{"type": "nats-jetstream", "metadata": manifest.Object{
			"natsServerMonitoringEndpoint": k.NATSMonitor, "account": "$G",
			"stream": streamOf(prefix), "consumer": consumer, "lagThreshold": strconv.Itoa(1000),
		}})
	}
	return out
}

func backlog(config map[string]string) manifest.List {
	return manifest.List{manifest.Object{"type": "temporal", "metadata": manifest.Object{
		"endpoint":        config["DCODER_TEMPORAL_ADDRESS"],
		"namespace":       cmp.Or(config["DCODER_TEMPORAL_NAMESPACE"], "default"),
		"taskQueue":       cmp.Or(config["DCODER_TEMPORAL_TASK_QUEUE"], "dcoder"),
		"queueTypes":      "workflow,activity",
		"targetQueueSize": "5",
	}}}
}

// streamOf is the name that package nats gives the stream of events.
func streamOf(prefix string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(prefix)) + "_EVENTS"
}
