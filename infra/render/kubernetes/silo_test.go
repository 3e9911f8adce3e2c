package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

const siloTenant = "abcdefghijkl"

func silo() kubernetes.Silo {
	return kubernetes.Silo{Tenant: siloTenant, Environment: "prod", Host: "own.example.com", Quota: kubernetes.DefaultQuota}
}

func namespaced(t *testing.T) ([]manifest.File, []document) {
	t.Helper()
	all, s := deployables(t), silo()
	for _, e := range environments(t) {
		if e.Name == s.Environment {
			files, err := s.Namespaced(&e, all)
			require.NoError(t, err)
			return files, parse(t, files)
		}
	}
	require.Fail(t, "no such environment")
	return nil, nil
}

// TestASiloHasANamespaceOfItsOwn with functions, walls, quota, secrets, and
// nothing that runs while nobody asks.
func TestASiloHasANamespaceOfItsOwn(t *testing.T) {
	_, docs := namespaced(t)
	one(t, docs, "Namespace", "dcoder-"+siloTenant)
	require.Equal(t, "40", one(t, docs, "ResourceQuota", "dcoder").Spec.Hard["pods"])
	one(t, docs, "LimitRange", "dcoder")
	one(t, docs, "NetworkPolicy", "deny-all")
	config := one(t, docs, "ConfigMap", "dcoder-config").Data
	require.Equal(t, "dcoder-"+siloTenant, config["DCODER_NATS_PREFIX"], "its events are its own")
	require.Equal(t, "dcoder-"+siloTenant, config["DCODER_TEMPORAL_TASK_QUEUE"], "and its task queue")
	require.Equal(t, "http://{function}.dcoder-"+siloTenant+".svc.cluster.local", config["DCODER_FUNCTION_URL"])
	for _, f := range deployable.Of(deployables(t), deployable.Function) {
		if f.Name == "tenants" {
			continue
		}
		s := one(t, docs, "Service", f.Name)
		require.Equal(t, "0", s.Spec.Template.Metadata.Annotations["autoscaling.knative.dev/min-scale"])
		require.Equal(t, "cluster-local", s.Metadata.Labels["networking.knative.dev/visibility"])
	}
	require.Zero(t, *one(t, docs, "Deployment", "dispatcher").Spec.Replicas)
	scaler := one(t, docs, "ScaledObject", "dispatcher").Spec
	require.Zero(t, *scaler.Min)
	require.Equal(t, "DCODER_ABCDEFGHIJKL_EVENTS", scaler.Trigger[0].Metadata["stream"])
}

// TestASiloHoldsNoPowerOverOthers: neither the platform's functions nor the
// secrets of whoever may act on all databases.
func TestASiloHoldsNoPowerOverOthers(t *testing.T) {
	_, docs := namespaced(t)
	for _, d := range docs {
		require.NotContains(t, []string{"tenants", "worker", "migrate", "kongsync"}, d.Metadata.Name, d.Kind)
		for _, item := range d.Spec.Data {
			ref := item.RemoteRef.(map[string]any)["key"].(string)
			require.NotContains(t, ref, "CREATOR")
			switch item.SecretKey {
			case "DCODER_KEK", "DCODER_PEPPERS":
			default:
				require.True(t, strings.HasPrefix(ref, "dcoder/prod/tenants/"+siloTenant+"/"), ref)
			}
		}
	}
}

func TestSilosWithFaultsAreRefused(t *testing.T) {
	for name, change := range map[string]func(*kubernetes.Silo){
		"tenant":     func(s *kubernetes.Silo) { s.Tenant = "../../../etc" },
		"sql":        func(s *kubernetes.Silo) { s.Tenant = "a'; DROP --" },
		"capitals":   func(s *kubernetes.Silo) { s.Host = "Own.example.com" },
		"any host":   func(s *kubernetes.Silo) { s.Host = "*.example.com" },
		"no dot":     func(s *kubernetes.Silo) { s.Host = "own" },
		"no quota":   func(s *kubernetes.Silo) { s.Quota = kubernetes.Quota{} },
		"long label": func(s *kubernetes.Silo) { s.Host = strings.Repeat("a", 64) + ".example.com" },
	} {
		s := silo()
		require.NoError(t, s.Check())
		change(&s)
		require.Error(t, s.Check(), name)
	}
	dir := t.TempDir()
	folder := filepath.Join(dir, kubernetes.Silos)
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "other.yaml"),
		[]byte("tenant: "+siloTenant+"\nenvironment: prod\nhost: own.example.com\nquota: {cpu: '1', memory: 1Gi, pods: 1}\n"), 0o644))
	_, err := kubernetes.ReadSilos(dir)
	require.ErrorContains(t, err, "is not the file's name")
}
