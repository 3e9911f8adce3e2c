package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
)

const (
	namespace  = "dcoder"
	images     = "ko://github.com/d-coder-ai/dcoder/functions/cmd/"
	secretName = "dcoder-secrets"
	configName = "dcoder-config"
	// mostTimeout is Knative's max-revision-timeout-seconds unless an operator
	// raised it; a longer one would be refused.
	mostTimeout = 600 * time.Second
	head        = "# Rendered by make render from the function's own value: edit that.\n"
)

// knative renders one manifest for each function, and the list of them.
func knative(funcs []function.Func, deployables []config.Deployable) (out []file, err error) {
	list := kustomization{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization", Namespace: namespace}
	for _, f := range funcs {
		i := slices.IndexFunc(deployables, func(d config.Deployable) bool { return d.Name == f.Name })
		if i < 0 {
			return nil, fmt.Errorf("function %s has no configuration in package settings", f.Name)
		}
		rendered, err := manifest(f.Name+".yaml", serviceOf(f, config.Variables(deployables[i].Struct)))
		if err != nil {
			return nil, err
		}
		out = append(out, rendered)
		list.Resources = append(list.Resources, f.Name+".yaml")
	}
	slices.Sort(list.Resources)
	rendered, err := manifest("kustomization.yaml", list)
	return append(out, rendered), err
}

func manifest(name string, v any) (file, error) {
	raw, err := yaml.Marshal(v)
	if err != nil {
		return file{}, fmt.Errorf("render %s: %w", name, err)
	}
	return file{manifests + "/" + name, append([]byte(head), raw...)}, nil
}

func serviceOf(f function.Func, variables []config.Variable) service {
	labels := map[string]string{"app.kubernetes.io/name": f.Name, "app.kubernetes.io/part-of": "dcoder"}
	return service{
		APIVersion: "serving.knative.dev/v1", Kind: "Service",
		Metadata: metadata{Name: f.Name, Labels: with(labels, "networking.knative.dev/visibility", "cluster-local")},
		Spec: serviceSpec{template{
			Metadata: metadata{Labels: labels, Annotations: scale(f.Scale)},
			Spec: revisionSpec{
				TimeoutSeconds: int(min(f.Scale.Timeout, mostTimeout).Seconds()),
				Containers:     []container{containerOf(f, variables)},
				Volumes:        volumes(variables),
			},
		}},
	}
}

func with(labels map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range labels {
		out[k] = v
	}
	return out
}

// scale is soft: the function sheds by itself, so a burst is answered rather
// than queued behind a hard limit.
func scale(s function.Scaling) map[string]string {
	out := map[string]string{
		"autoscaling.knative.dev/metric":    "concurrency",
		"autoscaling.knative.dev/target":    strconv.Itoa(s.Concurrency),
		"autoscaling.knative.dev/min-scale": strconv.Itoa(s.Min),
	}
	if s.Max > 0 {
		out["autoscaling.knative.dev/max-scale"] = strconv.Itoa(s.Max)
	}
	return out
}

// containerOf asks for CPU and does not limit it: a quota makes cold starts many
// times as long.
func containerOf(f function.Func, variables []config.Variable) container {
	c := container{
		Image: images + f.Name, Ports: []port{{8080}}, Env: env(variables),
		Resources: resources{
			Requests: map[string]string{"cpu": f.Scale.CPU, "memory": f.Scale.Memory},
			Limits:   map[string]string{"memory": f.Scale.Memory},
		},
		SecurityContext: securityContext{
			ReadOnlyRootFilesystem: true, RunAsNonRoot: true,
			Capabilities: map[string][]string{"drop": {"ALL"}}, SeccompProfile: map[string]string{"type": "RuntimeDefault"},
		},
		ReadinessProbe: probe{HTTPGet: httpGet{"/health/ready"}},
		LivenessProbe:  probe{HTTPGet: httpGet{"/health/live"}, PeriodSeconds: 10, FailureThreshold: 3},
	}
	if writes(variables) {
		c.VolumeMounts = []mount{{Name: "tmp", MountPath: "/tmp"}}
	}
	return c
}

// writes reports whether the function keeps a journal on disk.
func writes(variables []config.Variable) bool {
	return slices.ContainsFunc(variables, func(v config.Variable) bool { return v.Name == "DCODER_JOURNAL_DIR" })
}

func volumes(variables []config.Variable) []volume {
	if !writes(variables) {
		return nil
	}
	return []volume{{Name: "tmp", EmptyDir: emptyDir{SizeLimit: "256Mi"}}}
}

// env takes secrets from one Secret and all else from one ConfigMap, each key
// named like its variable. PORT is Knative's to set.
func env(variables []config.Variable) (out []variable) {
	for _, v := range variables {
		if v.Name == "PORT" {
			continue
		}
		ref := &keyRef{Name: configName, Key: v.Name, Optional: !v.Required}
		from := valueFrom{ConfigMapKeyRef: ref}
		if v.Secret {
			ref.Name = secretName
			from = valueFrom{SecretKeyRef: ref}
		}
		out = append(out, variable{Name: v.Name, ValueFrom: from})
	}
	return out
}
