package kubernetes

import (
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// Base renders what all environments share, and the migration, which is applied
// before each release.
func Base(all []deployable.Deployable) ([]manifest.File, error) {
	base := &folder{path: Root + "/base"}
	base.add("namespace.yaml", namespace(Namespace, nil))
	running := append(deployable.Of(all, deployable.Function), deployable.Of(all, deployable.Poller)...)
	for i := range running {
		base.add(running[i].Name+".yaml", account(running[i].Name), workload(&running[i]), disruption(&running[i]))
	}
	base.add("network.yaml", walls(running)...)
	files, err := base.close(manifest.Object{"namespace": Namespace})
	if err != nil {
		return nil, err
	}
	migration := &folder{path: Root + "/migrate"}
	for _, d := range deployable.Of(all, deployable.Job) {
		migration.add(d.Name+".yaml", account(d.Name), job(&d))
	}
	jobs, err := migration.close(manifest.Object{"namespace": Namespace})
	return append(files, jobs...), err
}

func workload(d *deployable.Deployable) manifest.Object {
	if d.Kind == deployable.Function {
		return service(d)
	}
	return deployment(d)
}

// namespace admits no pod that wants more than an ordinary process does.
func namespace(name string, more map[string]string) manifest.Object {
	marks := manifest.Object{
		"app.kubernetes.io/part-of":          "dcoder",
		"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted",
	}
	for k, v := range more {
		marks[k] = v
	}
	return manifest.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": manifest.Object{"name": name, "labels": marks}}
}
