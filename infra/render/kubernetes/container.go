package kubernetes

import (
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
	"github.com/d-coder-ai/dcoder/shared/config"
)

// container asks for CPU and does not limit it: a quota makes cold starts many
// times as long.
func container(d *deployable.Deployable) manifest.Object {
	c := manifest.Object{
		"name": d.Name, "image": images + d.Package, "env": env(d),
		"resources": manifest.Object{
			"requests": manifest.Object{"cpu": d.Scale.CPU, "memory": d.Scale.Memory},
			"limits":   manifest.Object{"memory": d.Scale.Memory},
		},
		"securityContext": manifest.Object{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
			"capabilities": manifest.Object{"drop": manifest.List{"ALL"}}, "seccompProfile": manifest.Object{"type": "RuntimeDefault"},
		},
	}
	if d.Kind != deployable.Job {
		c["ports"] = manifest.List{manifest.Object{"containerPort": 8080}}
		c["readinessProbe"] = manifest.Object{"httpGet": probe(d, "/health/ready")}
		c["livenessProbe"] = manifest.Object{"httpGet": probe(d, "/health/live"), "periodSeconds": 10, "failureThreshold": 3}
	}
	var mounts manifest.List
	for _, v := range volumes(d) {
		mounts = append(mounts, v.mount)
	}
	if len(mounts) > 0 {
		c["volumeMounts"] = mounts
	}
	return c
}

// probe names the port where nobody else does: Knative fills in its own.
func probe(d *deployable.Deployable, path string) manifest.Object {
	if d.Kind == deployable.Function {
		return manifest.Object{"path": path}
	}
	return manifest.Object{"path": path, "port": 8080}
}

// pod is the specification that all kinds share.
func pod(d *deployable.Deployable) manifest.Object {
	spec := manifest.Object{
		"serviceAccountName": d.Name, "automountServiceAccountToken": false, "enableServiceLinks": false,
		"containers": manifest.List{container(d)},
	}
	var named manifest.List
	for _, v := range volumes(d) {
		named = append(named, v.volume)
	}
	if len(named) > 0 {
		spec["volumes"] = named
	}
	return spec
}

// env takes secrets from the deployable's Secret and all else from one
// ConfigMap, each key named like its variable. PORT is Knative's to set.
func env(d *deployable.Deployable) (out manifest.List) {
	for _, v := range d.Variables {
		switch {
		case v.Name == "PORT":
		case v.Name == drainVariable && d.Kind == deployable.Function:
			out = append(out, manifest.Object{"name": v.Name, "value": grace(d).String()})
		case v.Name == journalVariable:
			out = append(out, manifest.Object{"name": v.Name, "value": journalDir})
		default:
			out = append(out, variable(d.Name, v))
		}
	}
	return out
}

// drainVariable says how long running requests may go on after SIGTERM.
const drainVariable = "DCODER_DRAIN_GRACE"

// grace lets every request of a function that is scaled down or replaced come to its end: Knative waits for a pod as
// long as a request may take, and what is left of that is for last words, workers and hooks.
func grace(d *deployable.Deployable) time.Duration {
	const last = 30 * time.Second
	whole := min(d.Scale.Timeout, mostTimeout).Truncate(time.Second)
	return max(whole-last, whole/2)
}

func variable(name string, v config.Variable) manifest.Object {
	kind, from := "configMapKeyRef", configName
	if v.Secret {
		kind, from = "secretKeyRef", SecretName(name)
	}
	ref := manifest.Object{"name": from, "key": v.Name}
	if !v.Required {
		ref["optional"] = true
	}
	return manifest.Object{"name": v.Name, "valueFrom": manifest.Object{kind: ref}}
}

// secrets lists the secret variables of a deployable, those that it cannot do
// without first.
func secrets(d *deployable.Deployable) (required, optional []string) {
	for _, v := range d.Variables {
		switch {
		case v.Secret && v.Required:
			required = append(required, v.Name)
		case v.Secret:
			optional = append(optional, v.Name)
		}
	}
	slices.Sort(required)
	slices.Sort(optional)
	return required, optional
}
