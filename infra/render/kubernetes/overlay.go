package kubernetes

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// stamp is the annotation that changes when the configuration does, so that pods
// that have read an old one are replaced.
const stamp = "d-coder.ai/config"

// Overlay renders one environment on top of the base. kong is the configuration
// of its gateway.
func Overlay(e *Environment, all []deployable.Deployable, kong []byte) ([]manifest.File, error) {
	if err := e.fits(all); err != nil {
		return nil, err
	}
	f := &folder{path: Root + "/overlays/" + e.Name}
	f.add("config.yaml", configMap(configName, e.Config))
	f.add("kong.yaml", configMap(KongName, map[string]string{"kong.yml": string(kong)}))
	f.add("network.yaml", paths(e, all)...)
	f.add("secrets.yaml", externalSecrets(e, all)...)
	f.add("scalers.yaml", scalers(e, all)...)
	patches, err := stamps(e.Config)
	if err != nil {
		return nil, err
	}
	for _, d := range deployable.Of(all, deployable.Function) {
		if n := e.Minimum[d.Name]; n > 0 {
			patches = append(patches, patch("Service", d.Name, manifest.List{operation(
				"/spec/template/metadata/annotations/autoscaling.knative.dev~1min-scale", fmt.Sprint(n))}))
		}
	}
	return f.close(manifest.Object{
		"namespace": Namespace, "resources": []string{"../../base"}, "patches": patches,
		"labels": manifest.List{manifest.Object{"pairs": manifest.Object{"d-coder.ai/environment": e.Name}}},
	})
}

// fits refuses names that nothing has: a variable that nobody reads is a typing
// error that would be found in production.
func (e *Environment) fits(all []deployable.Deployable) error {
	for name := range e.Config {
		v, known := find(all, name)
		if !known || v {
			return fmt.Errorf("environment %s: config.%s: no variable of that name, or a secret", e.Name, name)
		}
	}
	for _, d := range all {
		for _, v := range d.Variables {
			if v.Required && !v.Secret && e.Config[v.Name] == "" {
				return fmt.Errorf("environment %s: config.%s: %s cannot start without it", e.Name, v.Name, d.Name)
			}
		}
	}
	for name := range e.Minimum {
		if !hasFunction(all, name) {
			return fmt.Errorf("environment %s: minimum.%s: no such function", e.Name, name)
		}
	}
	return nil
}

func find(all []deployable.Deployable, variable string) (secret, known bool) {
	for _, d := range all {
		for _, v := range d.Variables {
			if v.Name == variable {
				return v.Secret, true
			}
		}
	}
	return false, false
}

func hasFunction(all []deployable.Deployable, name string) bool {
	for _, d := range deployable.Of(all, deployable.Function) {
		if d.Name == name {
			return true
		}
	}
	return false
}

func configMap(name string, values map[string]string) manifest.Object {
	return manifest.Object{
		"apiVersion": "v1", "kind": "ConfigMap", "data": values,
		"metadata": manifest.Object{"name": name, "labels": map[string]string{"app.kubernetes.io/part-of": "dcoder"}},
	}
}

func stamps(values map[string]string) (out manifest.List, err error) {
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	mark := manifest.Object{"spec": manifest.Object{"template": manifest.Object{
		"metadata": manifest.Object{"annotations": manifest.Object{stamp: hex.EncodeToString(sum[:8])}},
	}}}
	for _, target := range []manifest.Object{
		{"group": "serving.knative.dev", "kind": "Service"}, {"group": "apps", "kind": "Deployment"},
	} {
		change := manifest.Object{"metadata": manifest.Object{"name": "any"}, "kind": target["kind"], "spec": mark["spec"]}
		change["apiVersion"] = map[any]string{"Service": "serving.knative.dev/v1", "Deployment": "apps/v1"}[target["kind"]]
		raw, err := json.Marshal(change)
		if err != nil {
			return nil, err
		}
		out = append(out, manifest.Object{"target": target, "patch": string(raw)})
	}
	return out, nil
}

func patch(kind, name string, operations manifest.List) manifest.Object {
	raw, err := json.Marshal(operations)
	if err != nil {
		panic(err) // plain strings
	}
	return manifest.Object{"target": manifest.Object{"kind": kind, "name": name}, "patch": string(raw)}
}

func operation(path, value string) manifest.Object {
	return manifest.Object{"op": "replace", "path": path, "value": value}
}
