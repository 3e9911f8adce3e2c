// Package kubernetes renders deployables for a cluster with Knative Serving: the
// base that all environments share, an overlay for each environment, and the
// namespace of a silo tenant. Objects are written as plain values rather than
// with Kubernetes' own types, which link most of Kubernetes; a module of its own
// (infra/knativecheck) holds them against Knative's admission code.
package kubernetes

import (
	"slices"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

const (
	// Root is the folder of which every file is rendered.
	Root = "knative"
	// Namespace is the one of the shared functions, in every environment.
	Namespace = "dcoder"

	images     = "ko://github.com/d-coder-ai/dcoder/"
	configName = "dcoder-config"
	kustomize  = "kustomize.config.k8s.io/v1beta1"
)

// SecretName is the Secret that holds what one deployable reads, and no more.
func SecretName(name string) string { return name + "-secrets" }

// labels stand on everything that belongs to a deployable.
func labels(name string) map[string]string {
	return map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "dcoder"}
}

// PeerLabel marks the pods that may call a peer; the peer's NetworkPolicy
// selects it.
func PeerLabel(p deployable.Peer) string { return "peer.d-coder.ai/" + string(p) }

// podLabels stand on pods: what they are, and whom they may call.
func podLabels(d *deployable.Deployable) map[string]string {
	out := labels(d.Name)
	for _, p := range d.Peers() {
		out[PeerLabel(p)] = "allowed"
	}
	return out
}

func object(apiVersion, kind, name string, spec any) manifest.Object {
	return manifest.Object{
		"apiVersion": apiVersion, "kind": kind, "spec": spec,
		"metadata": manifest.Object{"name": name, "labels": labels(name)},
	}
}

// folder collects the files of one kustomization.
type folder struct {
	path  string
	files []manifest.File
	err   error
}

func (f *folder) add(name string, documents ...any) {
	if len(documents) == 0 || f.err != nil {
		return
	}
	file, err := manifest.YAML(f.path+"/"+name, documents...)
	f.err = err
	f.files = append(f.files, file)
}

// names lists the files that were added, for the kustomization.
func (f *folder) names() (out []string) {
	for _, file := range f.files {
		out = append(out, file.Path[len(f.path)+1:])
	}
	slices.Sort(out)
	return out
}

// close adds the kustomization of everything that was added.
func (f *folder) close(kustomization manifest.Object) ([]manifest.File, error) {
	kustomization["apiVersion"] = kustomize
	if kustomization["kind"] == nil {
		kustomization["kind"] = "Kustomization"
	}
	resources, _ := kustomization["resources"].([]string)
	kustomization["resources"] = append(slices.Clone(resources), f.names()...)
	f.add("kustomization.yaml", kustomization)
	return f.files, f.err
}
