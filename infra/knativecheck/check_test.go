package knativecheck

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const knative = "../../knative"

// kinds that Kubernetes itself knows.
var kinds = map[string]func() any{
	"Namespace": func() any { return &corev1.Namespace{} }, "ServiceAccount": func() any { return &corev1.ServiceAccount{} },
	"ConfigMap": func() any { return &corev1.ConfigMap{} }, "ResourceQuota": func() any { return &corev1.ResourceQuota{} },
	"LimitRange": func() any { return &corev1.LimitRange{} }, "Deployment": func() any { return &appsv1.Deployment{} },
	"Job": func() any { return &batchv1.Job{} }, "NetworkPolicy": func() any { return &networkingv1.NetworkPolicy{} },
	"PodDisruptionBudget": func() any { return &policyv1.PodDisruptionBudget{} },
}

// operators' kinds are admitted by their own webhooks; here only their names and
// the fields on top are held.
var operators = map[string][]string{
	"ScaledObject":   {"scaleTargetRef", "minReplicaCount", "maxReplicaCount", "triggers"},
	"ExternalSecret": {"refreshInterval", "secretStoreRef", "target", "data"},
}

func TestEveryManifestIsAdmitted(t *testing.T) {
	folders, err := filepath.Glob(knative + "/overlays/*")
	require.NoError(t, err)
	tenants, err := filepath.Glob(knative + "/tenants/*") // none is here
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(folders), 3)
	for _, folder := range append(append(folders, tenants...), knative+"/base", knative+"/migrate") {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			services := admitted(t, folder)
			if filepath.Base(folder) != "migrate" {
				require.GreaterOrEqual(t, services, 8)
			}
		})
	}
}

// admitted builds a folder, holds all that is in it, and counts the Services.
func admitted(t *testing.T, folder string) (services int) {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	require.NoError(t, err)
	for _, r := range built.Resources() {
		raw, err := r.MarshalJSON()
		require.NoError(t, err)
		if admit(t, r.GetKind(), r.GetApiVersion(), r.GetName(), raw) {
			services++
		}
	}
	return services
}

// admit reports whether it was a Knative Service.
func admit(t *testing.T, kind, version, name string, raw []byte) bool {
	t.Helper()
	if version == "serving.knative.dev/v1" {
		require.NoError(t, service(raw), name)
		return true
	}
	if fields, ok := operators[kind]; ok {
		var o struct{ Spec map[string]any }
		require.NoError(t, json.Unmarshal(raw, &o))
		for f := range o.Spec {
			require.Contains(t, fields, f, "%s %s", kind, name)
		}
		return false
	}
	build, known := kinds[kind]
	require.True(t, known, "%s %s is held against nothing", kind, name)
	require.NoError(t, strict(raw, build()), "%s %s", kind, name)
	return false
}

// strict decodes as the API server does with field validation.
func strict(raw []byte, into any) error {
	faults, err := kjson.UnmarshalStrict(raw, into)
	if err == nil && len(faults) > 0 {
		err = faults[0]
	}
	return err
}

// service is Knative's own admission: decode strictly, fill in, validate.
func service(raw []byte) error {
	var s servingv1.Service
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if err := strict(raw, &s); err != nil {
		return err
	}
	ctx := apis.WithinCreate(context.Background())
	s.SetDefaults(ctx)
	if faults := s.Validate(ctx).Filter(apis.ErrorLevel); faults != nil {
		return faults
	}
	return nil
}

// TestWhatKnativeRefusesIsFound: the check itself can fail.
func TestWhatKnativeRefusesIsFound(t *testing.T) {
	good := []byte(`{"apiVersion":"serving.knative.dev/v1","kind":"Service","metadata":{"name":"a"},"spec":{"template":{"metadata":` +
		`{"annotations":{"autoscaling.knative.dev/min-scale":"0"}},"spec":{"timeoutSeconds":590,"containers":[{"image":"img"}]}}}}`)
	require.NoError(t, service(good))
	for from, to := range map[string]string{
		`590`: `601`, `min-scale":"0"`: `min-scale":"-1"`, `"image":"img"`: `"imagge":"img"`, `"containers"`: `"container"`,
		`{"image":"img"}`: `{"image":"img","stdin":true}`, `"name":"a"`: `"name":"A_"`,
	} {
		bad := bytes.Replace(good, []byte(from), []byte(to), 1)
		require.NotEqual(t, good, bad)
		require.Error(t, service(bad), to)
	}
}
