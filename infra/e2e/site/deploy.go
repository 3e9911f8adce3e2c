package site

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/infra/e2e/kube"
)

// overlay is laid over knative/overlays/dev: a small node must hold all functions at once, and a sleeping one must
// sleep soon.
const overlay = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: dcoder
resources:
- ../../knative/overlays/dev
- hello.yaml
patches:
- target: {group: serving.knative.dev, kind: Service}
  patch: |
    - {op: replace, path: /spec/template/spec/containers/0/resources/requests/cpu, value: 20m}
    - {op: add, path: /spec/template/metadata/annotations/autoscaling.knative.dev~1window, value: "6s"}
- target: {group: apps, kind: Deployment}
  patch: |
    - {op: replace, path: /spec/template/spec/containers/0/resources/requests/cpu, value: 20m}
- target: {kind: ConfigMap, name: dcoder-config}
  patch: |
    - {op: add, path: /data/DCODER_NATS_PREFIX, value: ` + natsPrefix + `}
    - {op: add, path: /data/DCODER_TEMPORAL_TASK_QUEUE, value: ` + taskQueue + `}
    - {op: add, path: /data/DCODER_TEMPORAL_ADDRESS, value: "%s"}
    - {op: add, path: /data/DCODER_TEMPLATES, value: dcoder_e2e_tpl_v}
    - {op: add, path: /data/DCODER_LOG_LEVEL, value: info}
`

// hello is the least that a cold start can be compared with: the same base, annotations and resources as chat.
const hello = `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: hello
  labels: {networking.knative.dev/visibility: cluster-local}
spec:
  template:
    metadata:
      annotations: {autoscaling.knative.dev/metric: concurrency, autoscaling.knative.dev/min-scale: "0", autoscaling.knative.dev/target: "250"}
    spec:
      automountServiceAccountToken: false
      containerConcurrency: 0
      enableServiceLinks: false
      containers:
      - name: hello
        image: ko://github.com/d-coder-ai/dcoder/infra/e2e/hello
        ports: [{containerPort: 8080}]
        resources: {limits: {memory: 256Mi}, requests: {cpu: 500m, memory: 256Mi}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, readOnlyRootFilesystem: true, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
`

// deploy builds the images and applies everything.
func (s *Site) deploy(ctx context.Context) error {
	manifests, err := s.rendered(ctx)
	if err != nil {
		return err
	}
	resolved, err := kube.Resolve(ctx, manifests)
	if err != nil {
		return err
	}
	secrets, err := s.secrets()
	if err != nil {
		return err
	}
	if err := s.Cluster.Apply(ctx, bytes.Join([][]byte{secrets, resolved}, []byte("\n---\n"))); err != nil {
		return err
	}
	// The manifests leave the number to scalers; an earlier run may have left none.
	_, err = s.Cluster.Run(ctx, nil, "scale", "deployment/dispatcher", "deployment/worker", "--replicas=1")
	return err
}

func (s *Site) rendered(ctx context.Context) ([]byte, error) {
	if err := os.MkdirAll(s.scratch(), 0o755); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"kustomization.yaml": fmt.Sprintf(overlay, s.inside["DCODER_TEMPORAL_ADDRESS"]), "hello.yaml": hello,
	} {
		if err := os.WriteFile(filepath.Join(s.scratch(), name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return kube.Kustomize(ctx, s.scratch())
}

// secrets gives each deployable the secret variables that it reads, under the name that the manifests use.
func (s *Site) secrets() ([]byte, error) {
	docs := [][]byte{[]byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + Namespace + "}\n")}
	for _, d := range settings.All() {
		doc, err := yaml.Marshal(map[string]any{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": d.Name + "-secrets", "namespace": Namespace},
			"stringData": s.inside,
		})
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return bytes.Join(docs, []byte("\n---\n")), nil
}

// services is what kubectl tells of Knative Services.
type services struct {
	Items []struct {
		Metadata struct{ Name string }
		Status   struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
}

// AllReady waits until every Service and Deployment is Ready.
func (s *Site) AllReady(ctx context.Context) error {
	var waiting []string
	err := kube.Until(ctx, "all Ready", 5*time.Minute, time.Second, func(ctx context.Context) (bool, error) {
		var all services
		if err := s.Cluster.Get(ctx, &all, "ksvc"); err != nil {
			return false, err
		}
		if waiting = all.unready(); len(waiting) > 0 || len(all.Items) == 0 {
			return false, fmt.Errorf("not Ready: %v", waiting)
		}
		_, err := s.Cluster.Run(ctx, nil, "rollout", "status", "deployment/dispatcher", "deployment/worker", "--timeout=1s")
		return err == nil, err
	})
	return err
}

func (all *services) unready() (names []string) {
	for _, item := range all.Items {
		ready := slices.ContainsFunc(item.Status.Conditions, func(c struct{ Type, Status, Message string }) bool {
			return c.Type == "Ready" && c.Status == "True"
		})
		if !ready {
			names = append(names, item.Metadata.Name)
		}
	}
	return names
}
