package kubernetes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
)

// TestEveryDeployableHasWhatItNeeds, whatever it says of itself.
func TestEveryDeployableHasWhatItNeeds(t *testing.T) {
	all := deployables(t)
	files, err := kubernetes.Base(all)
	require.NoError(t, err)
	docs := parse(t, files)
	for _, d := range all {
		kind := map[deployable.Kind]string{deployable.Function: "Service", deployable.Poller: "Deployment", deployable.Job: "Job"}[d.Kind]
		w := one(t, docs, kind, d.Name)
		one(t, docs, "ServiceAccount", d.Name)
		spec := w.Spec.Template.Spec
		require.Equal(t, d.Name, spec.ServiceAccountName)
		require.False(t, *spec.AutomountServiceAccountToken)
		c := spec.Containers[0]
		require.Equal(t, "ko://github.com/d-coder-ai/dcoder/"+d.Package, c.Image)
		require.DirExists(t, root+"/"+d.Package, "the image of %s has no main", d.Name)
		require.True(t, c.SecurityContext.RunAsNonRoot && c.SecurityContext.ReadOnlyRootFilesystem)
		require.Equal(t, []string{"ALL"}, c.SecurityContext.Capabilities.Drop)
		require.NotContains(t, c.Resources.Limits, "cpu", "a quota makes cold starts many times as long")
		for _, v := range c.Env {
			require.NotEqual(t, "PORT", v.Name)
			if v.Name == "DCODER_DRAIN_GRACE" && d.Kind == deployable.Function {
				grace, err := time.ParseDuration(v.Value)
				require.NoError(t, err)
				require.Less(t, grace.Seconds(), float64(spec.TimeoutSeconds), "Knative waits for a pod as long as for a request")
				require.GreaterOrEqual(t, grace.Seconds(), float64(spec.TimeoutSeconds)/2)
				continue
			}
			if v.Name == "DCODER_JOURNAL_DIR" {
				require.Equal(t, "/dev/shm/dcoder-journal", v.Value, "memory of the pod: a volume would hold up its start")
				continue
			}
			if ref := v.ValueFrom.SecretKeyRef; ref != nil {
				require.Equal(t, d.Name+"-secrets", ref.Name, "only its own secrets")
				continue
			}
			require.Equal(t, v.Name, v.ValueFrom.ConfigMapKeyRef.Key)
		}
		if d.Kind == deployable.Job {
			continue
		}
		budget := one(t, docs, "PodDisruptionBudget", d.Name)
		require.Subset(t, w.Spec.Template.Metadata.Labels, budget.Spec.Selector.MatchLabels, "the budget selects its pods")
		if d.Kind == deployable.Function {
			require.Equal(t, "cluster-local", w.Metadata.Labels["networking.knative.dev/visibility"])
			require.Positive(t, spec.TimeoutSeconds)
			require.Less(t, spec.TimeoutSeconds, 600, "below Knative's longest and Kong's")
		}
	}
}

// TestSecretsNeverStandInConfiguration: what is secret comes from a Secret, and
// the ConfigMap holds only what some process reads.
func TestSecretsNeverStandInConfiguration(t *testing.T) {
	all := deployables(t)
	for _, e := range environments(t) {
		files, err := kubernetes.Overlay(&e, all, nil)
		require.NoError(t, err)
		config := one(t, parse(t, files), "ConfigMap", "dcoder-config")
		require.NotEmpty(t, config.Data)
		e.Config = map[string]string{"DCODER_KEK": "x"}
		_, err = kubernetes.Overlay(&e, all, nil)
		require.ErrorContains(t, err, "DCODER_KEK")
		e.Config = map[string]string{"DCODER_TYPING_EROR": "x"}
		_, err = kubernetes.Overlay(&e, all, nil)
		require.ErrorContains(t, err, "DCODER_TYPING_EROR")
		e.Config = map[string]string{"DCODER_KONG_ADMIN_URL": "x"}
		_, err = kubernetes.Overlay(&e, all, nil)
		require.ErrorContains(t, err, "DCODER_TEMPORAL_ADDRESS: tenants cannot start without it")
	}
}

// TestExternalSecretsBringWhatEachReads, and nothing that it does not.
func TestExternalSecretsBringWhatEachReads(t *testing.T) {
	all := deployables(t)
	for _, e := range environments(t) {
		files, err := kubernetes.Overlay(&e, all, nil)
		require.NoError(t, err)
		docs := parse(t, files)
		if e.Secrets == nil {
			continue
		}
		for _, d := range all {
			var want, got []string
			for _, v := range d.Variables {
				if v.Secret && v.Required {
					want = append(want, v.Name)
				}
			}
			for _, item := range one(t, docs, "ExternalSecret", d.Name+"-secrets").Spec.Data {
				got = append(got, item.SecretKey.(string))
			}
			require.ElementsMatch(t, want, got, d.Name)
		}
	}
}

func TestScalersWatchEveryConsumerAndTheTaskQueue(t *testing.T) {
	all := deployables(t)
	for _, e := range environments(t) {
		if e.Keda == nil {
			continue
		}
		files, err := kubernetes.Overlay(&e, all, nil)
		require.NoError(t, err)
		docs := parse(t, files)
		var consumers []string
		for _, trigger := range one(t, docs, "ScaledObject", "dispatcher").Spec.Trigger {
			require.Equal(t, "DCODER_EVENTS", trigger.Metadata["stream"])
			consumers = append(consumers, trigger.Metadata["consumer"])
		}
		require.Equal(t, deployable.Hears(all), consumers)
		require.Equal(t, "dcoder", one(t, docs, "ScaledObject", "worker").Spec.Trigger[0].Metadata["taskQueue"])
	}
}

func TestEnvironmentsWithFaultsAreRefused(t *testing.T) {
	good := "name: x\npeers:\n"
	for _, p := range deployable.Peers() {
		good += "  " + string(p) + ": {namespaces: [a], ports: [1]}\n"
	}
	_, err := kubernetes.ParseEnvironment([]byte(good))
	require.NoError(t, err)
	for name, raw := range map[string]string{
		"unknown field": good + "pears: {}\n",
		"unknown peer":  good + "  milvus: {namespaces: [a], ports: [1]}\n",
		"no port":       strings.Replace(good, "ports: [1]", "ports: []", 1),
		"nowhere":       strings.Replace(good, "namespaces: [a]", "namespaces: []", 1),
		"host bits":     strings.Replace(good, "namespaces: [a]", "addresses: [10.0.0.1/8]", 1),
		"a peer less":   good[:strings.LastIndex(strings.TrimSpace(good), "\n")],
	} {
		_, err := kubernetes.ParseEnvironment([]byte(raw))
		require.Error(t, err, name)
	}
}
